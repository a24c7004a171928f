"""Orders training examples by length."""

import random
from collections.abc import Callable


def by_length(rows: list[dict], batch: int, seed: int, length: Callable[[dict], int]) -> list[dict]:
    """The same rows, ordered so that those of one batch have similar lengths; else a third of all tokens is padding.

    The rows of eight batches at a time are sorted by length and cut into batches, which are then shuffled. The rows
    must be in random order before, and a Trainer must keep the order (`train_sampling_strategy="sequential"`).
    """
    rng, ordered = random.Random(seed), []
    for first in range(0, len(rows), 8 * batch):
        near = sorted(rows[first : first + 8 * batch], key=length)
        batches = [near[i : i + batch] for i in range(0, len(near), batch)]
        ordered += [row for rows_of_one in rng.sample(batches, len(batches)) for row in rows_of_one]
    return ordered
