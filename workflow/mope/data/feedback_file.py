"""A user's own preferences: pairs of answers of which one was chosen, in a file per preference."""

import random
from pathlib import Path

from mope.data.prompt_file import FILE_SUFFIXES, file_records
from mope.errors import MopeError

FEEDBACK_KEYS = ("prompt", "chosen", "rejected")
FeedbackPair = tuple[str, str, str, str]  # prompt_id, prompt, chosen, rejected


def feedback_file(folder: Path, preference: str) -> Path:
    """`<folder>/<preference>.jsonl`, .json, .csv or .parquet; `MopeError` if there is none, or more than one."""
    found = [path for suffix in FILE_SUFFIXES if (path := folder / f"{preference}{suffix}").is_file()]
    if len(found) != 1:
        expected = f"one file {preference}{' or '.join(FILE_SUFFIXES)} of prompt, chosen and rejected is expected"
        raise MopeError(f"{folder}: {len(found)} files of {preference} found; {expected}")
    return found[0]


def read_feedback(path: Path) -> list[FeedbackPair]:
    """(prompt_id, prompt, chosen, rejected) of every pair; pairs of one prompt share an id.

    `chosen` and `rejected` are texts, or conversations as lists of {role, content}, whose last message counts.
    """
    ids: dict[str, str] = {}
    pairs = []
    for number, record in file_records(path, FEEDBACK_KEYS):
        place = f"{path}: {'line' if path.suffix == '.jsonl' else 'record'} {number}"
        if not isinstance(record, dict):
            raise MopeError(f"{place}: not a JSON object; prompt, chosen and rejected are expected")
        texts = [_text(record.get(key)) for key in FEEDBACK_KEYS]
        for key, text in zip(FEEDBACK_KEYS, texts):
            if text is None:
                found = ", ".join(map(str, record)) or "nothing"
                raise MopeError(f"{place}: no text as {key} among {found}; prompt, chosen and rejected are expected")
        prompt, chosen, rejected = texts
        if chosen == rejected:
            raise MopeError(f"{place}: chosen and rejected are equal; two different answers are expected")
        pairs.append((ids.setdefault(prompt, f"prompt-{len(ids):05d}"), prompt, chosen, rejected))
    if not pairs:
        raise MopeError(f"{path}: empty; at least one pair is expected")
    return pairs


def drawn(path: Path, pairs: int, seed: int) -> list[FeedbackPair]:
    """`pairs` of the comparisons in the file, drawn by the seed."""
    found = read_feedback(path)
    if len(found) < pairs:
        raise MopeError(f"{path}: {pairs} pairs wanted, {len(found)} found; lower feedback.pairs")
    return random.Random(f"feedback {seed}").sample(found, pairs)


def _text(value: object) -> str | None:
    if isinstance(value, list) and value and isinstance(value[-1], dict):
        value = value[-1].get("content")
    return value if isinstance(value, str) and value.strip() else None
