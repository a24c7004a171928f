"""Prompt sets: from the embedded world, or from a user's JSON-lines file."""

from pathlib import Path

import pandas as pd

from mope.data.prompt_file import read_prompts
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
    """The first `count` prompts of a JSON-lines file."""
    records = read_prompts(Path(path))
    if len(records) < count:
        raise MopeError(f"{path}: {len(records)} prompts found, {count} wanted")
    return pd.DataFrame(records[:count], columns=COLUMNS)
