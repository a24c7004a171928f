"""Pairwise feedback on candidate answers under one preference, from the noisy annotator of the embedded worlds."""

import random
from itertools import combinations

import pandas as pd

from mope.errors import MopeError
from mope.world.annotator import prefers_first
from mope.world.worlds import World

PAIR_COLUMNS = ["prompt_id", "prompt", "chosen", "rejected"]


def annotate(
    world: World, candidates: pd.DataFrame, preference: str, pairs: int, noise: float, margin: float, seed: int
) -> pd.DataFrame:
    """`pairs` comparisons of two candidates of one prompt, at most a few per prompt, in random order of prompts.

    `noise` is the share of choices that are wrong; pairs that differ by less than `margin` are passed over, because the
    annotator must choose (no ties, as in Personalized Soups).
    """
    rng = random.Random(f"feedback {preference} {seed}")
    found = []
    for (prompt_id, prompt), group in candidates.groupby(["prompt_id", "prompt"], sort=True):
        for first, second in combinations(dict.fromkeys(group.response), 2):
            chosen_first = prefers_first(world, prompt, first, second, preference, noise, margin, rng)
            if chosen_first is not None:
                found.append((prompt_id, prompt, *((first, second) if chosen_first else (second, first))))
    if len(found) < pairs:
        raise MopeError(f"feedback {preference}: {pairs} pairs wanted, {len(found)} found; lower feedback.pairs")
    return pd.DataFrame(rng.sample(found, pairs), columns=PAIR_COLUMNS)
