"""How well each method meets each single preference."""

import pandas as pd
from matplotlib.figure import Figure

from mope.report.figures.bars import panels
from mope.report.figures.style import preference


def draw(averages: pd.DataFrame) -> Figure:
    """`averages`: table average_by_cell.csv of one judge."""
    single = averages[averages["preference"] != "all"]
    poles_below = single.sort_values("preference", key=lambda ids: ids.str[2] + ids.str[:2], kind="stable")
    return panels(poles_below, "preference", preference, columns=3)
