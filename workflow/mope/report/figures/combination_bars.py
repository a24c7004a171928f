"""How well each method meets each combination of preferences."""

import pandas as pd
from matplotlib.figure import Figure

from mope.preferences import Preferences
from mope.report.figures.bars import panels

SOURCES = ("average_by_cell", "preferences")
CAPTION = "Average win rate of each method on every combination of preferences (of more than 64 on the first 64)."
MOST_PANELS = 64  # panels; a picture of some hundred can be neither read nor stored
BARS_PER_ROW = 4


def draw(average_by_cell: pd.DataFrame, preferences: Preferences) -> Figure:
    """`average_by_cell`: the table of one judge."""
    combinations = average_by_cell[average_by_cell["combination"] != "all"]
    judged = set(combinations["combination"])
    cells = [cell for cell in preferences.combinations() if cell in judged][:MOST_PANELS]
    titles = {cell: preferences.names_of(cell) for cell in cells}
    return panels(combinations, "combination", titles, cells, min(BARS_PER_ROW, len(cells)))
