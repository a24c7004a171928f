"""The order in which a trainer reads its examples."""

import random
from collections.abc import Callable


def by_length(rows: list[dict], batch: int, seed: int, length: Callable[[dict], int]) -> list[dict]:
    """The same rows, in an order in which those of one batch are about equally long: a third of the tokens was padding.

    Sorted among the rows of eight batches at a time, the batches then in random order; the rows must come in random
    order, and a Trainer must read them in the given one (`train_sampling_strategy="sequential"`).
    """
    rng, ordered = random.Random(seed), []
    for first in range(0, len(rows), 8 * batch):
        near = sorted(rows[first : first + 8 * batch], key=length)
        batches = [near[i : i + batch] for i in range(0, len(near), batch)]
        ordered += [row for rows_of_one in rng.sample(batches, len(batches)) for row in rows_of_one]
    return ordered
