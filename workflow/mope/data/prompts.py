"""Prompt sets: from an embedded world, or from a file."""

import random
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from mope.data.prompt_file import read_prompts
from mope.errors import MopeError
from mope.world.questions import split_questions
from mope.world.worlds import World

PROMPT_COLUMNS = ["prompt_id", "prompt"]


def world_prompts(world: World, name: str, count: int, seed: int) -> pd.DataFrame:
    """The first `count` questions of the world's set `name`: train, single, comparison or development.

    `MopeError` for a set that the world does not have, or with fewer questions.
    """
    sets = split_questions(world, seed)
    if name not in sets:
        raise MopeError(f"prompt set {name!r}: unknown; one of world {world.name} is expected: {', '.join(sets)}")
    questions = sets[name][:count]
    if len(questions) < count:
        has = f"world {world.name} has {len(questions)}"
        raise MopeError(f"prompt set {name!r}: {count} prompts wanted, but {has}; at most that many are expected")
    return pd.DataFrame([(f"{name}-{i:04d}", q.text) for i, q in enumerate(questions)], columns=PROMPT_COLUMNS)


def file_prompts(
    path: str | Path, count: int, draw: str, longest: int, seed: int, taken: Collection[str] = (), skip: int = 0
) -> pd.DataFrame:
    """`count` prompts of a file, of those that are not too long: the `first`, or a `random` draw by the seed.

    Those `taken`, by training for instance, are passed over, and then the first `skip` of the others. `MopeError` where
    there are fewer.
    """
    records = [record for record in read_prompts(Path(path), longest) if record["prompt"] not in taken][skip:]
    if len(records) < count:
        besides = (" that are no training prompts" if taken else "") + (f" after the first {skip}" if skip else "")
        raise MopeError(
            f"{path}: {len(records)} prompts of at most {longest} characters found{besides}, {count} wanted"
        )
    chosen = records[:count] if draw == "first" else random.Random(f"prompts {seed}").sample(records, count)
    return pd.DataFrame(chosen, columns=PROMPT_COLUMNS)
