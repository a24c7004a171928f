"""A user's own preferences: pairs of answers of which one was chosen, in a file per preference."""

import random
from pathlib import Path

from mope.data.conversation import BESIDE, answer, record_question, same_question
from mope.data.records import RECORD_SUFFIXES, Record, check_unicode, records
from mope.errors import MopeError

FEEDBACK_KEYS = ("prompt", "chosen", "rejected")
FEEDBACK_COLUMNS = (*FEEDBACK_KEYS, *BESIDE)
EXPECTED_PAIR = "a file of prompt, chosen and rejected"
FeedbackPair = tuple[str, str, str, str]  # prompt_id, prompt, chosen, rejected


def feedback_file(folder: Path, preference: str) -> Path:
    """`<folder>/<preference>.jsonl`, .json, .csv, .tsv or .parquet; `MopeError` if there is none, or more than one."""
    try:
        own = sorted(path for path in folder.iterdir() if path.stem == preference) if folder.is_dir() else []
        found = [path for path in own if path.suffix.lower() in RECORD_SUFFIXES and path.is_file()]
    except OSError as error:
        raise MopeError(f"{folder}: cannot be read ({error.strerror}); a folder of feedback is expected") from None
    if len(found) != 1:
        expected = f"one file {preference}{' or '.join(RECORD_SUFFIXES)} of prompt, chosen and rejected is expected"
        raise MopeError(f"{folder}: {len(found)} files of {preference} found; {expected}")
    return found[0]


def read_feedback(path: Path) -> list[FeedbackPair]:
    """(prompt_id, prompt, chosen, rejected) of every pair; pairs of one prompt share an id.

    `chosen` and `rejected` are texts, or conversations as lists of messages, of which the last is the answer; what
    stands before it may stand in for `prompt`. `prompt` is then as `prompt_text` writes it. `MopeError` names file and
    line of a pair that cannot be used.
    """
    ids: dict[str, str] = {}
    pairs = [_pair(record) for record in records(path, FEEDBACK_COLUMNS, EXPECTED_PAIR)]
    if not pairs:
        raise MopeError(f"{path}: empty; at least one pair is expected")
    return [(ids.setdefault(prompt, f"prompt-{len(ids):05d}"), prompt, *answers) for prompt, *answers in pairs]


def places_of(path: Path) -> dict[str, str]:
    """Prompt -> file and line of the first pair that has it."""
    found: dict[str, str] = {}
    for record in records(path, FEEDBACK_COLUMNS, EXPECTED_PAIR):
        found.setdefault(_pair(record)[0], record.place)
    return found


def drawn_pairs(path: Path, pairs: int, seed: int) -> list[FeedbackPair]:
    """`pairs` of the comparisons in the file, drawn by the seed; `MopeError` where there are fewer."""
    found = read_feedback(path)
    if len(found) < pairs:
        raise MopeError(f"{path}: {pairs} pairs wanted, {len(found)} found; lower feedback.pairs")
    return random.Random(f"feedback {seed}").sample(found, pairs)


def _pair(record: Record) -> tuple[str, str, str]:
    """Prompt, chosen and rejected answer of one record."""
    content, place = record.content, record.place
    if not isinstance(content, dict):
        raise MopeError(f"{place}: not a JSON object; prompt, chosen and rejected are expected")
    answers, asked = {}, {}
    for key in ("chosen", "rejected"):
        _there(content, key, place)
        before, answers[key] = answer(content[key], place, key)
        if before:
            name = f"{key} before its answer"
            asked[key] = record_question(content | {name: before}, name, place, answered=False)
    if content.get("prompt") is not None or not asked:
        _there(content, "prompt", place)
        asked = {"prompt": record_question(content, "prompt", place, answered=False), **asked}
    texts = {"prompt": same_question(asked, place), **answers}
    for key, text in answers.items():
        _there(answers, key, place)
        check_unicode(text, place, key)
    check_unicode(texts["prompt"], place, "prompt")
    if texts["chosen"].strip() == texts["rejected"].strip():
        raise MopeError(f"{place}: chosen and rejected are equal; two different answers are expected")
    return texts["prompt"], texts["chosen"], texts["rejected"]


def _there(content: dict, key: str, place: str) -> None:
    """`MopeError` unless the record has something as `key`: text that can be seen, or messages."""
    value = content.get(key)
    if not (value.strip() if isinstance(value, str) else value):
        found = ", ".join(map(str, content)) or "nothing"
        raise MopeError(f"{place}: no text as {key} among {found}; prompt, chosen and rejected are expected")
