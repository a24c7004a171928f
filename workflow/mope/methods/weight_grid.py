"""A grid of weights of graded preferences. Standard library only."""

import math
from itertools import combinations, pairwise

Weights = tuple[float, ...]  # one per dimension, together 1


def parts_of(step: float) -> int | None:
    """How many steps make one; None where no whole number of them does."""
    parts = round(1 / step)
    return parts if parts and math.isclose(parts * step, 1) else None


def weight_grid(dimensions: int, step: float) -> list[Weights]:
    """All weights of the dimensions in multiples of `step`, from (1, 0, ...) to (..., 0, 1), corners included.

    There are C(n + k - 1, k - 1) of them for n steps and k dimensions: 15 for 4 steps and 3 dimensions.
    """
    parts = parts_of(step)
    places = range(parts + dimensions - 1)  # of stars and bars: the stars between two bars are one dimension's
    bars = [(-1, *chosen, len(places)) for chosen in combinations(places, dimensions - 1)]
    return [tuple((after - before - 1) / parts for before, after in pairwise(row)) for row in reversed(bars)]


def grid_size(dimensions: int, step: float) -> int:
    """How many points the grid has."""
    return math.comb(parts_of(step) + dimensions - 1, dimensions - 1)
