"""How well each method meets each combination of preferences."""

import pandas as pd
from matplotlib.figure import Figure

from mope.report.figures.bars import panels
from mope.report.figures.style import PREFERENCES


def _title(combination: str) -> str:
    return ", ".join(PREFERENCES.get(pole, pole) for pole in combination.split("-"))


def draw(averages: pd.DataFrame) -> Figure:
    """`averages`: table average_by_cell.csv of one judge."""
    return panels(averages[averages["combination"] != "all"], "combination", _title, columns=4)
