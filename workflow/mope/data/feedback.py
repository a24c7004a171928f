"""Pairwise feedback on candidate answers under one preference, from the scores of a noisy annotator."""

import random
from itertools import combinations

import pandas as pd

from mope.errors import MopeError

PAIR_COLUMNS = ["prompt_id", "prompt", "chosen", "rejected"]


def prefers_first(gap: float, noise: float, margin: float, rng: random.Random) -> bool | None:
    """The annotator's choice between two answers of which the first scores `gap` more than the second.

    Wrong with probability `noise`; `None` when the answers differ by less than `margin`.
    """
    return None if abs(gap) < margin else (gap > 0) != (rng.random() < noise)


def annotate(
    candidates: pd.DataFrame, preference: str, pairs: int, noise: float, margin: float, seed: int
) -> pd.DataFrame:
    """`pairs` comparisons, drawn at random from all pairs of different candidates of one prompt.

    `candidates`: prompt_id, prompt, response and the annotator's score under the preference. `noise` is the share of
    choices that are wrong; pairs that differ by less than `margin` are passed over, because the annotator must choose
    (no ties, as in Personalized Soups). `MopeError` where there are fewer pairs.
    """
    rng = random.Random(f"feedback {preference} {seed}")
    found = []
    for (prompt_id, prompt), group in candidates.groupby(["prompt_id", "prompt"], sort=True):
        score = dict(zip(group.response, group.score, strict=True))
        for first, second in combinations(score, 2):
            chosen_first = prefers_first(score[first] - score[second], noise, margin, rng)
            if chosen_first is not None:
                found.append((prompt_id, prompt, *((first, second) if chosen_first else (second, first))))
    if len(found) < pairs:
        raise MopeError(f"feedback {preference}: {pairs} pairs wanted, {len(found)} found; lower feedback.pairs")
    return pd.DataFrame(rng.sample(found, pairs), columns=PAIR_COLUMNS)
