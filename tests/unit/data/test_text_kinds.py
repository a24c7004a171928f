"""Text as people bring it: read as a person would read it, or refused with the file, the line and the reason."""

import codecs
import gzip
import json
import os
from pathlib import Path

import pandas as pd
import pytest

from mope.data.feedback_file import read_feedback
from mope.data.prompt_file import read_prompts
from mope.data.rating_file import ratings_of
from mope.errors import LONGEST_MESSAGE, MopeError

LINES = "".join(json.dumps({"id": f"q{i}", "prompt": f"What is {i}, é?"}, ensure_ascii=False) + "\n" for i in range(3))
TEXTS = [(f"q{i}", f"What is {i}, é?") for i in range(3)]


def turn(role: str, content: object) -> dict:
    return {"role": role, "content": content}


def prompts_of(path: Path, content: str | bytes) -> list[tuple[str, str]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [(record["prompt_id"], record["prompt"]) for record in read_prompts(path)]


def refused(path: Path, content: str | bytes) -> str:
    with pytest.raises(MopeError) as caught:
        prompts_of(path, content)
    message = str(caught.value)
    assert message.startswith(str(path)) and message.isprintable()
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_encoding_that_says_which_it_is_packed_or_not(tmp_path: Path, encoding: str, pack: type) -> None:
    assert prompts_of(tmp_path / "a.jsonl", pack(LINES.encode(encoding))) == TEXTS
    listed = json.dumps([json.loads(line) for line in LINES.splitlines()])
    assert prompts_of(tmp_path / "a.json", pack(listed.encode(encoding))) == TEXTS
    table = "id,prompt\n" + "".join(f'{name},"{text}"\n' for name, text in TEXTS)
    assert prompts_of(tmp_path / "a.csv", pack(table.encode(encoding))) == TEXTS  # its ids, too


def test_line_ends_of_all_systems_and_joined_files(tmp_path: Path) -> None:
    for end in ("\r\n", "\r"):
        assert prompts_of(tmp_path / "a.jsonl", LINES.replace("\n", end)) == TEXTS
    first, rest = LINES.split("\n", 1)
    assert prompts_of(tmp_path / "a.jsonl", f"\ufeff{first}\n\ufeff{rest}") == TEXTS
    assert prompts_of(tmp_path / "a.jsonl.gz", gzip.compress(LINES.encode())) == TEXTS
    assert prompts_of(tmp_path / "lines.json", LINES) == TEXTS  # as many data sets name them


@pytest.mark.parametrize("name", ["A.CSV", "a.tsv", "a.Jsonl", "a.JSONL.GZ"])
def test_kinds_of_files_however_their_names_are_written(tmp_path: Path, name: str) -> None:
    content = LINES if "json" in name.lower() else "id\tprompt\n" + "".join(f'{i}\t"{text}"\n' for i, text in TEXTS)
    assert prompts_of(tmp_path / name, content) == TEXTS


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_tables_of_all_programs(tmp_path: Path, delimiter: str) -> None:
    content = f'id{delimiter}prompt\nx{delimiter}"Why, or; so\t|\n""now""?"\n\n{delimiter}How?\n'
    assert prompts_of(tmp_path / "a.csv", content) == [("x", 'Why, or; so\t|\n"now"?'), ("2", "How?")]


def test_a_cell_may_be_as_long_as_it_likes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f'prompt\n"{"x" * 300_000}"\nWhy?\n')
    assert [record["prompt"] for record in read_prompts(tmp_path / "a.csv", longest=100)] == ["Why?"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "prompt\nWhy?\nWhat is rain, and why?\n", "line 3: 2 cells found, the first line has 1"),
        ("a.csv", "id,prompt\n1,Why?\n2\n", "line 3: 1 cells found, the first line has 2"),
        ("a.csv", 'prompt\nWhat is "a\n"Unclosed and then\nWhy?\nHow?\n', "line 3: unexpected end of data"),
        ("a.csv", 'prompt\n"a"b\n', "line 2: ',' expected after '\"'"),
        ("a.csv", "prompt,prompt\na,b\n", "line 1: column 'prompt' appears 2 times"),
        ("a.jsonl", '{"prompt": "a"}\n{"prompt": "b\n', "line 2: not JSON (Unterminated string"),
        ("a.jsonl", '{"prompt": "a"}\n{"prompt": "\\ud800"}\n', "line 2: prompt holds '\\ud800', which is"),
        ("a.jsonl", '{"id": "\\ud800", "prompt": "a"}\n', "line 1: id holds '\\ud800'"),
        ("a.jsonl", '{"prompt": "a\\u0000"}\n', "line 1: prompt holds '\\x00'"),
        ("a.jsonl", '{"prompt": "a"}\n\x00', "line 2: a NUL character found"),
        ("a.jsonl", LINES.encode("utf-16-le"), "line 1: "),  # no byte order mark says so
        ("a.jsonl", b'{"prompt": "a"}\n{"prompt": "\xe9"}\n', "line 2: is not UTF-8 text"),
        ("a.jsonl", codecs.BOM_UTF16_LE + b"a", "line 1: is not UTF-16 text"),
        ("a.jsonl", codecs.BOM_UTF8 + b"\xe9", "line 1: is not UTF-8 text"),
        ("a.jsonl", '{"prompt": "a", "prompt": "b"}\n', "line 1: not JSON (key 'prompt' appears twice)"),
        ("a.jsonl", '{"prompt": ' + "[" * 100_000 + "\n", "line 1: not JSON (nested too deeply)"),
        ("a.json", "[" * 100_000, "not JSON (nested too deeply)"),
        ("a.json", '{"prompt": "a"', "not JSON (Expecting"),
        ("a.jsonl", '{"prompt": "a", "id": ' + "9" * 5000 + "}\n", "line 1: not JSON (Exceeds the limit"),
        ("a.jsonl", gzip.compress(LINES.encode(), mtime=0)[:-9], "is packed by gzip and damaged"),
        ("a.jsonl", b"PAR1" + b"x" * 20, "is a Parquet file"),
        ("a.csv", b"PK\x03\x04" + b"x" * 20, "is a ZIP archive or a spreadsheet"),
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of git-lfs"),
        ("a.jsonl", '{"prompt": "a", "id": 1.5}\n', "line 1: id is 1.5"),
        ("a.jsonl", '{"prompt": "a", "id": {}}\n', "line 1: id is {}"),
        ("a.txt", "prompt\na\n", "a name that ends in .jsonl"),
        ("a.parquet.gz", "x", "a name that ends in .jsonl"),
    ],
)  # fmt: skip
def test_what_no_one_can_read_is_refused_with_its_line(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    assert refused(tmp_path / name, content).startswith(said)


def test_ids_as_programs_write_them(tmp_path: Path) -> None:
    path, texts = tmp_path / "a.parquet", ["Why?", "How?", "Who?"]
    pd.DataFrame({"id": [1.0, 3.0, None], "prompt": texts}).to_parquet(path)  # whole numbers, of which one is missing
    assert [record["prompt_id"] for record in read_prompts(path)] == ["1", "3", "record-3"]
    pd.DataFrame({"id": [bytes([i]) * 4 for i in range(3)], "prompt": texts}).to_parquet(path)
    assert [record["prompt_id"] for record in read_prompts(path)] == ["00000000", "01010101", "02020202"]


def test_a_prompt_that_comes_twice_with_its_id_is_kept_once(tmp_path: Path) -> None:
    assert prompts_of(tmp_path / "a.jsonl", LINES + LINES.splitlines()[1]) == TEXTS
    hashes = pd.DataFrame({"prompt_id": ["h1", "h2", "h1"], "prompt": ["Why?", "How?", "Why?"]})
    hashes.to_parquet(tmp_path / "a.parquet")
    assert [record["prompt_id"] for record in read_prompts(tmp_path / "a.parquet")] == ["h1", "h2"]
    other = LINES + json.dumps({"id": "q1", "prompt": "Another?"})
    assert "line 4: prompt id 'q1' was used before" in refused(tmp_path / "a.jsonl", other)


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "loop.jsonl").symlink_to(tmp_path / "loop.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    for path, said in (
        (tmp_path / "folder.jsonl", "is a folder"),
        (tmp_path / "loop.jsonl", "Too many levels of symbolic links"),
        (tmp_path / "pipe.jsonl", "is a pipe or device"),
        (tmp_path / ("x" * 5000 + ".jsonl"), "File name too long"),
        (tmp_path / "nul\0.jsonl", "embedded null byte"),
        (tmp_path / "line\nend.jsonl", "line end.jsonl: cannot be read (No such file"),
        (tmp_path / "folder.jsonl" / "a.csv", "No such file"),
    ):
        for read in (read_prompts, read_feedback, *([lambda p: list(ratings_of(p))] if path.suffix == ".csv" else [])):
            with pytest.raises(MopeError) as caught:
                read(path)
            assert (
                said in str(caught.value)
                and str(caught.value).isprintable()
                and len(str(caught.value)) <= LONGEST_MESSAGE
            )
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "there.jsonl")
    assert prompts_of(tmp_path / "there.jsonl", LINES) == TEXTS
    assert [record["prompt_id"] for record in read_prompts(tmp_path / "link.jsonl")] == ["q0", "q1", "q2"]


def test_conversations_of_one_turn_are_read(tmp_path: Path) -> None:
    ask, reply = turn("user", "Why?"), turn("assistant", "So.")
    parts = turn("user", [{"type": "text", "text": "Who"}, {"type": "text", "text": "?"}])
    records = [
        {"messages": [ask]}, {"prompt": [turn("user", "How?")]}, {"messages": [turn("user", "When?"), reply]},
        {"conversations": [{"from": "human", "value": "Where?"}, {"from": "gpt", "value": "There."}]},
        {"messages": [parts]},
    ]  # fmt: skip
    content = "".join(json.dumps(record) + "\n" for record in records)
    assert [text for _, text in prompts_of(tmp_path / "a.jsonl", content)] == [
        "Why?",
        "How?",
        "When?",
        "Where?",
        "Who?",
    ]
    table = pd.DataFrame({"messages": [[ask, reply], [turn("user", "How?")]]})
    table.to_parquet(tmp_path / "a.parquet")
    assert [record["prompt"] for record in read_prompts(tmp_path / "a.parquet")] == ["Why?", "How?"]


ASK, REPLY, AGAIN = turn("user", "Why?"), turn("assistant", "So."), turn("user", "Hm?")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"messages": [ASK, REPLY, REPLY]}, "messages ends with a message of role assistant; one of the user"),
        ({"messages": [ASK, turn("system", "Be brief.")]}, "messages ends with a message of role system"),
        (
            {"messages": [ASK, REPLY | {"tool_calls": [{"id": "1"}]}, AGAIN]},
            "a message with tool_calls, which would be",
        ),
        ({"messages": "[{'role': 'user', 'content': 'Why?'}]"}, "messages begins like a list of messages, but is not"),
        ({"messages": [turn("user", "a\u0000")]}, "messages holds '\\x00'"),
        ({"prompt": "Why?", "system": 7}, "system is 7"),
        ({"messages": [REPLY]}, "messages holds no message of the user"),
        ({"messages": []}, "messages is []"),
        ({"messages": [turn("tool", "x")]}, "messages holds a message of role 'tool'"),
        ({"messages": [turn("user", [{"type": "image_url", "image_url": "x"}])]}, "without text"),
        ({"messages": ["Why?"]}, "messages holds 'Why?'"),
        ({"instruction": "And now?", "history": [["Why?"]]}, "history holds ['Why?']; pairs of question and answer"),
        ({"instruction": "And now?", "history": "Why? So."}, "history holds 'Why? So.'"),
    ],
)
def test_no_turn_of_a_conversation_is_dropped(tmp_path: Path, record: dict, said: str) -> None:
    good = json.dumps({"prompt": "Why?"}) + "\n"
    message = refused(tmp_path / "a.jsonl", good + json.dumps(record) + "\n")
    assert message.startswith("line 2: ") and said in message


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "Why?", "chosen": "So.", "rejected": "No."},
        {"prompt": [ASK], "chosen": [REPLY], "rejected": [turn("assistant", "No.")]},
        {"prompt": "Why?", "chosen": REPLY, "rejected": turn("assistant", "No.")},
        {"chosen": [ASK, REPLY], "rejected": [ASK, turn("assistant", "No.")]},
        {"prompt": "Why?", "chosen": [ASK, REPLY], "rejected": [ASK, turn("assistant", "No.")], "score": 3},
    ],
)
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_feedback_in_the_forms_of_data_sets(tmp_path: Path, record: dict, suffix: str) -> None:
    path = tmp_path / f"P1A{suffix}"
    if suffix == ".parquet":
        pd.DataFrame([record]).to_parquet(path)
    else:
        path.write_text("\ufeff" + json.dumps(record), encoding="utf-8")
    assert read_feedback(path) == [("prompt-00000", "Why?", "So.", "No.")]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            {"prompt": "Why?", "chosen": [ASK, REPLY, AGAIN], "rejected": [ASK, REPLY, AGAIN]},
            "chosen ends with a message of role user",
        ),
        ({"prompt": "Why?", "chosen": [ASK], "rejected": [REPLY]}, "chosen ends with a message of role user"),
        (
            {"prompt": [ASK, REPLY], "chosen": [AGAIN, REPLY], "rejected": "No."},
            "prompt ends with a message of role assistant",
        ),
        ({"prompt": "Why?", "chosen": [ASK, REPLY, AGAIN, REPLY], "rejected": "No."}, "prompt 1 messages, chosen 3"),
        ({"prompt": [ASK, REPLY, AGAIN], "chosen": [AGAIN, REPLY], "rejected": "No."}, "prompt 3 messages, chosen 1"),
        (
            {"chosen": [ASK, REPLY, AGAIN, REPLY], "rejected": [ASK, turn("assistant", "No."), AGAIN, REPLY]},
            "different",
        ),
        ({"prompt": "How?", "chosen": [ASK, REPLY], "rejected": "No."}, "hold different questions"),
        ({"prompt": "Why?", "chosen": "So.", "rejected": "So. "}, "chosen and rejected are equal"),
        ({"prompt": "Why?", "chosen": "So.", "rejected": ""}, "no text as rejected"),
        ({"prompt": "Why?", "chosen": "So.", "rejected": []}, "no text as rejected"),
        ({"prompt": "Why?", "chosen": 7, "rejected": "No."}, "chosen is 7"),
        ({"prompt": "Why \ud83d?", "chosen": "So.", "rejected": "No."}, "prompt holds '\\ud83d'"),
        ({"chosen": "So.", "rejected": "No."}, "no text as prompt"),
    ],
)
def test_no_answer_is_cut_from_its_conversation(tmp_path: Path, record: dict, said: str) -> None:
    path = tmp_path / "P1A.jsonl"
    path.write_text("\n" + json.dumps(record) + "\n")
    with pytest.raises(MopeError) as caught:
        read_feedback(path)
    assert str(caught.value).startswith(f"{path}: line 2: ") and said in str(caught.value)


def test_ratings_as_a_spreadsheet_saves_them(tmp_path: Path) -> None:
    path = tmp_path / "ann.csv"
    path.write_text("\ufeffstudy;rater;item;answer\r\ns;Ann;item-1;left\r\n", encoding="utf-16")
    assert [(r.study, r.rater, r.item, r.answer) for r in ratings_of(path)] == [("s", "Ann", "item-1", "left")]
    for content, said in (
        ("study,rater,item,answer\ns,Ann,item-1\n", "line 2: 3 cells"),
        ('study,rater,item,answer\ns,"Ann,item-1,left\n', "line 2: unexpected end of data"),
        ("study,rater,item,answer\ns, ,item-1,left\n", "line 2: no rater"),
    ):
        path.write_text(content)
        with pytest.raises(MopeError, match=said):
            list(ratings_of(path))
