"""A user's own preferences, as texts and as conversations."""

import json
from pathlib import Path

import pytest

from mope.data.feedback_file import drawn_pairs, feedback_file, read_feedback
from mope.errors import MopeError
from mope.prompting import turns

TEXTS = [{"prompt": f"Question {i // 2}?", "chosen": f"yes {i}", "rejected": f"no {i}"} for i in range(40)]


def turn(role: str, content: str) -> dict:
    return {"role": role, "content": content}


def write(path: Path, records: list) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_pairs_of_one_prompt_share_an_id_and_a_draw_is_fixed(tmp_path: Path) -> None:
    path = write(tmp_path / "P1A.jsonl", TEXTS)
    pairs = drawn_pairs(path, 30, seed=3)
    assert len(set(pairs)) == 30
    assert len({pair[:2] for pair in pairs}) == len({pair[0] for pair in pairs}) == len({pair[1] for pair in pairs})
    assert pairs == drawn_pairs(path, 30, seed=3) != drawn_pairs(path, 30, seed=4)
    with pytest.raises(MopeError, match="41 pairs wanted, 40 found"):
        drawn_pairs(path, 41, seed=3)


def test_conversations_count_by_their_last_message(tmp_path: Path) -> None:
    question = turn("user", "Why?")
    record = {
        "prompt": "Why?",
        "chosen": [question, turn("assistant", "So.")],
        "rejected": [question, turn("assistant", "No.")],
    }
    assert read_feedback(write(tmp_path / "P1A.jsonl", [record])) == [("prompt-00000", "Why?", "So.", "No.")]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"prompt": "Why?", "chosen": "a"}, "line 1: no text as rejected among prompt, chosen"),
        ({"prompt": "Why?", "chosen": "a", "rejected": "a"}, "line 1: chosen and rejected are equal"),
        ([1], "line 1: not a JSON object"),
    ],
)
def test_bad_pairs_are_named(tmp_path: Path, record: object, said: str) -> None:
    with pytest.raises(MopeError, match=said):
        read_feedback(write(tmp_path / "P1A.jsonl", [record]))


def test_every_preference_has_one_file(tmp_path: Path) -> None:
    with pytest.raises(MopeError, match="0 files of P1A found; one file P1A.jsonl or"):
        feedback_file(tmp_path, "P1A")
    (tmp_path / "P1B.csv").touch()
    assert feedback_file(tmp_path, "P1B") == tmp_path / "P1B.csv"
    (tmp_path / "P2A.JSONL").touch()
    assert feedback_file(tmp_path, "P2A") == tmp_path / "P2A.JSONL"
    (tmp_path / "P1B.json").write_text("[]")
    with pytest.raises(MopeError, match="2 files of P1B"):
        feedback_file(tmp_path, "P1B")


def test_what_stands_beside_a_prompt_reaches_the_pair(tmp_path: Path) -> None:
    pair = {
        "prompt": "And then?",
        "history": [["Why?", "So."]],
        "system_prompt": "Be brief.",
        "chosen": "a",
        "rejected": "b",
    }
    (tmp_path / "P1A.jsonl").write_text(json.dumps(pair) + "\n")
    [(_, prompt, *_)] = read_feedback(tmp_path / "P1A.jsonl")
    assert [message["role"] for message in turns(prompt)] == ["system", "user", "assistant", "user"]


def test_earlier_turns_that_the_answers_conversations_lack_are_refused(tmp_path: Path) -> None:
    answers = {key: [turn("user", "And then?"), turn("assistant", key)] for key in ("chosen", "rejected")}
    path = write(tmp_path / "P1A.jsonl", [answers | {"history": [["Why?", "So."]]}])
    with pytest.raises(MopeError, match="history beside the messages of chosen"):
        read_feedback(path)
