"""A thousand damaged files of each kind end in a result or in one line that names the file, never in a traceback."""

import csv
import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from file_mutations import mutations

from mope.data.feedback_file import read_feedback
from mope.data.prompt_file import read_prompts
from mope.errors import MopeError
from mope.judging.human_study import read_ratings
from mope.preferences import load_preferences, read_preferences
from mope.prompting import turns

COUNT = 1000


def as_csv(records: list[dict], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, records[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def as_lines(records: list[dict]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def as_parquet(records: list[dict]) -> bytes:
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pa.Table.from_pylist(records), stream)
    return stream.getvalue()


def turn(role: str, content: object) -> dict:
    return {"role": role, "content": content}


PROMPTS = [{"id": f"q{i}", "prompt": f'Why is "{i}", é, so?'} for i in range(6)]
ALPACA = [{"instruction": f"Sum {i}.", "input": "a, b" if i % 2 else "", "output": "x"} for i in range(6)]
SAID = [turn("user", "Why?"), turn("assistant", "So."), turn("user", "And then?")]
TALKS = [{"id": float(i), "messages": [turn("user", f"Why {i}?"), *SAID[1 : 2 + i % 2]]} for i in range(6)]
PAIRS = [{"prompt": f"Why {i // 2}?", "chosen": f"yes, {i}", "rejected": f'no "{i}"'} for i in range(6)]
CONVERSATIONS = [
    {"chosen": [*SAID[: 1 + i % 2 * 2], turn("assistant", f"So {i}.")],
     "rejected": [*SAID[: 1 + i % 2 * 2], turn("assistant", [{"type": "text", "text": "No."}])]}
    for i in range(6)
]  # fmt: skip
RATINGS = [
    {"study": "study-1", "rater": "Ann", "item": f"item-{i}", "answer": "left", "seconds": 1.5} for i in range(9)
]
KEY = pd.DataFrame({"study": "study-1", "item": [f"item-{i}" for i in range(9)]})


def outcomes(read: Callable[[Path], object], path: Path, contents: list[bytes]) -> list[object]:
    """Results, or None for each content that was refused in one line that can be printed."""
    found = []
    for content in contents:
        path.write_bytes(content)
        try:
            found.append(read(path))
        except MopeError as error:
            assert str(error).isprintable()
            assert str(path) in str(error)
            str(error).encode()
            found.append(None)
    return found


def checked_prompts(path: Path) -> list:
    prompts = read_prompts(path, longest=100_000)
    assert prompts and all(p["prompt"].strip() and p["prompt_id"] for p in prompts)
    assert len({p["prompt"] for p in prompts}) == len({p["prompt_id"] for p in prompts}) == len(prompts)
    assert all(turns(p["prompt"])[-1]["role"] == "user" for p in prompts)
    json.dumps(prompts, ensure_ascii=False).encode()
    return prompts


def checked_pairs(path: Path) -> list:
    pairs = read_feedback(path)
    assert pairs and all(chosen.strip() != rejected.strip() for _, _, chosen, rejected in pairs)
    json.dumps(pairs, ensure_ascii=False).encode()
    return pairs


@pytest.mark.parametrize(
    ("name", "read", "valid"),
    [
        ("p.jsonl", checked_prompts, [as_lines(PROMPTS), as_lines(ALPACA), as_lines(TALKS)]),
        ("p.json", checked_prompts, [json.dumps(PROMPTS).encode(), json.dumps(TALKS, indent=1).encode()]),
        ("p.csv", checked_prompts, [as_csv(PROMPTS), as_csv(ALPACA, ";")]),
        ("f.jsonl", checked_pairs, [as_lines(PAIRS), as_lines(CONVERSATIONS)]),
        ("f.json", checked_pairs, [json.dumps(PAIRS).encode(), json.dumps(CONVERSATIONS).encode()]),
        ("f.csv", checked_pairs, [as_csv(PAIRS), as_csv(PAIRS, "\t")]),
        ("r.csv", lambda path: read_ratings([path], KEY).to_numpy().tolist(), [as_csv(RATINGS), as_csv(RATINGS, ";")]),
    ],
)
def test_damaged_text(tmp_path: Path, name: str, read: Callable, valid: list[bytes]) -> None:
    assert None not in outcomes(read, tmp_path / name, valid)
    found = outcomes(read, tmp_path / name, list(mutations(valid, COUNT, seed=len(name))))
    assert 30 < sum(result is None for result in found) < COUNT - 30


@pytest.mark.parametrize(("records", "read"), [(PROMPTS, checked_prompts), (PAIRS, checked_pairs)])
def test_damaged_parquet(tmp_path: Path, records: list[dict], read: Callable) -> None:
    """Only bytes of the footer and pages that a transfer may lose or flip: the rest is PyArrow's own concern."""
    valid, rng = as_parquet(records), random.Random(3)
    damaged = []
    for _ in range(200):
        content = bytearray(valid)
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        damaged.append(bytes(content[: rng.choice([len(content), rng.randrange(len(content))])]))
    assert None in outcomes(read, tmp_path / "a.parquet", damaged)


def test_damaged_preferences(root: Path, tmp_path: Path) -> None:
    valid = [(root / "workflow/prompts/preferences.yaml").read_bytes()]

    def read(path: Path) -> object:
        known = list(read_preferences(path)["texts"])
        return load_preferences(path, known[:3]).combinations()

    found = outcomes(read, tmp_path / "preferences.yaml", list(mutations(valid, COUNT, seed=5)))
    assert 30 < sum(result is None for result in found) < COUNT - 30
