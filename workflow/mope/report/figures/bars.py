"""Panels of horizontal bars with intervals, for the figures per preference and per combination."""

import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mope.errors import visible
from mope.methods.names import FOCUS, short_title
from mope.report.figures.style import HATCHES

FILLS = ("#7B93B8", "#E3E8F0")  # light enough for the whiskers
TITLE = 38  # characters of a line above a panel
NARROWEST = 5.3  # inches, for what is written below and above all panels


def panels(
    table: pd.DataFrame, key: str, titles: Mapping[str, str], cells: Sequence[str | None], columns: int
) -> Figure:
    """One panel for each of `cells`, values of the column `key`; an empty place for None; `columns` panels in a row.

    Each has a bar per method and evaluation set: the average win rate with its 95 % interval.
    """
    sets = list(dict.fromkeys(table["set"]))
    methods = list(dict.fromkeys(table["method"]))
    rows = -(-len(cells) // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(max(2.3 * columns + 1.2, NARROWEST), rows * (0.27 * len(methods) + 0.8) + 0.5),
        sharex=True,
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    height = 0.8 / len(sets)
    for axis, cell in zip_longest(axes.flat, cells):
        if cell is None:
            axis.set_visible(False)
            continue
        for i, name in enumerate(sets):
            own = table[(table[key] == cell) & (table["set"] == name)].set_index("method").reindex(methods)
            middle = 100 * own["average_win_rate"].to_numpy()
            reach = np.abs(100 * own[["ci_low", "ci_high"]].to_numpy().T - middle)
            where = np.arange(len(methods)) + (i - (len(sets) - 1) / 2) * height
            axis.barh(
                where,
                middle,
                height,
                color=FILLS[i % 2],
                hatch=HATCHES[i % len(HATCHES)],
                edgecolor="white" if i == 0 else "#7B93B8",
                linewidth=0.4,
                label=f"evaluation set {name}",
            )
            axis.errorbar(middle, where, xerr=reach, fmt="none", ecolor="black", elinewidth=1.1)
        axis.axvline(50, color="black", linewidth=0.7, linestyle=":")
        axis.set_title(textwrap.fill(visible(titles[cell]), TITLE), fontsize=9)
        axis.set_xlim(0, 100)
        axis.set_xticks([20, 40, 60, 80])
        axis.set_yticks(range(len(methods)), [short_title(m) for m in methods])
        for label in axis.get_yticklabels():
            label.set_fontweight("bold" if label.get_text() == short_title(FOCUS) else "normal")
    axes[0, 0].invert_yaxis()
    figure.supxlabel("average win rate over all other methods (%), with 95 % interval", fontsize=9)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(sets))
    return figure
