"""Prompt files in the schemas of the real data sets."""

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from mope.data.prompt_file import read_prompts
from mope.data.prompts import file_prompts
from mope.errors import MopeError
from mope.prompting import turns

ALPACA = [
    {"instruction": "Give three tips.", "input": "", "output": "1. Sleep.", "text": "Below is an instruction ..."},
    {"instruction": "Translate.", "input": "Good night", "output": "Gute Nacht", "text": "Below is an instruction ..."},
]
KOALA = [{"id": "koala_1", "prompt": "Hi!\nWho are you?"}, {"id": "koala_2", "prompt": "Write a poem."}]
BINARIZED = [
    {
        "prompt": "What is ice?",
        "prompt_id": "f0e37e9f7800261167ce91143f98f511f768847236f133f2d0aed60b444ebe57",
        "chosen": [{"content": "What is ice?", "role": "user"}, {"content": "Frozen water.", "role": "assistant"}],
        "score_chosen": 8.5,
    }
]
ULTRAFEEDBACK = [{"source": "evol_instruct", "instruction": "Sort a list.", "models": ["gpt-4"], "completions": []}]
OWN = [{"prompt": "Why, though?", "id": "1"}, {"prompt": "How?", "id": "2"}]


def write(path: Path, records: list[dict]) -> Path:
    match path.suffix:
        case ".jsonl":
            path.write_text("".join(json.dumps(record) + "\n" for record in records))
        case ".json":
            path.write_text(json.dumps(records))
        case ".parquet":
            pd.DataFrame(records).to_parquet(path, index=False)
        case ".csv":
            with path.open("w", newline="") as stream:
                writer = csv.DictWriter(stream, records[0])
                writer.writeheader()
                writer.writerows(records)
    return path


@pytest.mark.parametrize(
    ("name", "records", "expected"),
    [
        ("alpaca_gpt4_data.json", ALPACA, [("1", "Give three tips."), ("2", "Translate. Good night")]),
        ("alpaca.parquet", ALPACA, [("1", "Give three tips."), ("2", "Translate. Good night")]),
        ("koala_test_set.jsonl", KOALA, [("koala_1", "Hi!\nWho are you?"), ("koala_2", "Write a poem.")]),
        ("test_prefs.parquet", BINARIZED, [(BINARIZED[0]["prompt_id"], "What is ice?")]),
        ("evol_instruct.jsonl", ULTRAFEEDBACK, [("1", "Sort a list.")]),
        ("own.csv", OWN, [("1", "Why, though?"), ("2", "How?")]),
        ("own.parquet", OWN, [("1", "Why, though?"), ("2", "How?")]),
    ],
)
def test_the_real_schemas_are_read(tmp_path: Path, name: str, records: list[dict], expected: list[tuple]) -> None:
    found = read_prompts(write(tmp_path / name, records))
    assert [(record["prompt_id"], record["prompt"]) for record in found] == expected


def test_long_and_repeated_prompts_are_passed_over(tmp_path: Path) -> None:
    records = [{"prompt": text} for text in ("Why?", "x" * 50, "Why?", "How?")]
    found = read_prompts(write(tmp_path / "own.jsonl", records), longest=20)
    assert [record["prompt"] for record in found] == ["Why?", "How?"]
    with pytest.raises(MopeError, match="at least one record with a prompt of at most 3 characters"):
        read_prompts(tmp_path / "own.jsonl", longest=3)


def test_a_draw_depends_on_the_seed_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "many.csv", [{"prompt": f"Question {i}?"} for i in range(200)])
    first = file_prompts(path, 20, "random", 100, seed=7)
    assert first.prompt.is_unique
    assert first.equals(file_prompts(path, 20, "random", 100, seed=7))
    assert not first.equals(file_prompts(path, 20, "random", 100, seed=8))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", "Why?", "a name that ends in .jsonl"),
        ("a.json", '{"prompt": "a"}', "no JSON list"),
        ("a.csv", "text\nWhy?\n", "line 2: text found, no prompt"),
        ("a.parquet", "PAR1", "not a Parquet file"),
        ("a.jsonl", '{"instruction": "", "input": "b"}\n', "line 1: instruction is ''"),
        ("a.json", '[{"prompt": "a", "id": true}]', "record 1: id is True"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(MopeError, match=said) as caught:
        read_prompts(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_a_line_of_a_table_ends_where_its_writer_ended_it(tmp_path):
    path = tmp_path / "prompts.csv"
    texts = ["Tell me\u2028about rain.", "Two\nlines", "A form\x0cfeed\u0085here"]
    pd.DataFrame({"prompt": texts}).to_csv(path, index=False)
    assert [record["prompt"] for record in read_prompts(path)] == texts


EARLIER = [["Why?", "So."]]
SAID = [
    {"role": "user", "content": "Why?"},
    {"role": "assistant", "content": "So."},
    {"role": "user", "content": "And then?"},
]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"prompt": "And then?", "history": EARLIER}, SAID),
        ({"prompt": "And then?", "system_prompt": "Be brief."}, [{"role": "system", "content": "Be brief."}, SAID[2]]),
        ({"prompt": "Sum up:", "input": "a text"}, [{"role": "user", "content": "Sum up: a text"}]),
        ({"prompt": "And then?", "messages": SAID[2:]}, SAID[2:]),
        ({"prompt": "And then?", "history": EARLIER, "messages": SAID}, SAID),
        ({"messages": SAID, "system_prompt": "Be brief."}, [{"role": "system", "content": "Be brief."}, *SAID]),
    ],
)
def test_what_stands_beside_a_prompt_is_read(record: dict, expected: list, tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text(json.dumps(record) + "\n")
    [read] = read_prompts(file)
    assert turns(read["prompt"]) == expected


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"prompt": "And then?", "messages": SAID}, "prompt and messages hold different questions"),
        ({"messages": SAID[2:], "history": EARLIER}, "history beside the messages of messages says more"),
        ({"messages": SAID[2:], "input": "a text"}, "input beside the messages of messages says more"),
    ],
)
def test_turns_that_would_be_dropped_are_refused(record: dict, said: str, tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text(json.dumps(record) + "\n")
    with pytest.raises(MopeError, match=said):
        read_prompts(file)
