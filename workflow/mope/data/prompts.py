"""Prompt sets: from the embedded world, or from a user's JSON-lines file."""

import json
from pathlib import Path

import pandas as pd

from mope.errors import MopeError
from mope.world.questions import split

COLUMNS = ["prompt_id", "prompt"]


def world_prompts(name: str, count: int, seed: int) -> pd.DataFrame:
    """The first `count` questions of the embedded world's set `name`: train, single or comparison."""
    sets = split(seed)
    if name not in sets:
        raise MopeError(f"prompt set {name!r}: the embedded world has {', '.join(sets)}")
    questions = sets[name][:count]
    if len(questions) < count:
        raise MopeError(f"prompt set {name!r}: {count} prompts wanted, the embedded world has {len(questions)}")
    return pd.DataFrame([(f"{name}-{i:04d}", q.text) for i, q in enumerate(questions)], columns=COLUMNS)


def file_prompts(path: str | Path, count: int) -> pd.DataFrame:
    """The first `count` records of a JSON-lines file with the keys `id` and `prompt` (Koala's schema)."""
    records = []
    for number, line in enumerate(Path(path).read_text().splitlines()[:count], start=1):
        try:
            record = json.loads(line)
            records.append((str(record.get("id", record.get("prompt_id", number))), record["prompt"]))
        except (ValueError, KeyError, AttributeError):
            raise MopeError(f'{path}:{number}: expected {{"id": ..., "prompt": ...}}, found {line[:60]!r}') from None
    frame = pd.DataFrame(records, columns=COLUMNS)
    if len(frame) < count:
        raise MopeError(f"{path}: {len(frame)} prompts found, {count} wanted")
    for duplicate in frame.prompt_id[frame.prompt_id.duplicated()]:
        raise MopeError(f"{path}: prompt id {duplicate!r} found twice, ids must be unique")
    return frame
