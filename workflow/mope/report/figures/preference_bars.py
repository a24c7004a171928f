"""How well each method meets each single preference."""

from itertools import chain, zip_longest

import pandas as pd
from matplotlib.figure import Figure

from mope.preferences import Preferences
from mope.report.figures.bars import panels

SOURCES = ("average_by_cell", "preferences")
CAPTION = "Average win rate of each method on every single preference."


def layout(dimensions: list[tuple[str, ...]]) -> tuple[list[str | None], int]:
    """Preferences (None: an empty place) by rows, and the number of columns: one per dimension, its poles below.

    The poles of a single dimension stand side by side, three in a row.
    """
    if len(dimensions) == 1:
        return list(dimensions[0]), min(3, len(dimensions[0]))
    return list(chain.from_iterable(zip_longest(*dimensions))), len(dimensions)


def draw(average_by_cell: pd.DataFrame, preferences: Preferences) -> Figure:
    """`average_by_cell`: the table of one judge."""
    single = average_by_cell[average_by_cell["preference"] != "all"]
    cells, columns = layout(list(preferences.seen_in(single["preference"]).values()))
    return panels(single, "preference", {cell: cell and preferences.label(cell) for cell in cells}, cells, columns)
