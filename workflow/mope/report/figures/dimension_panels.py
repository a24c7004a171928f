"""A panel for each pair of dimensions, with the rewards on the two as its axes."""

from collections.abc import Sequence
from itertools import combinations

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mope.errors import visible
from mope.report.figures.style import grid

PAIRS_PER_ROW = 3


def dimension_panels(dimensions: Sequence[str]) -> tuple[Figure, dict[tuple[str, str], Axes]]:
    """A figure, and its axes by pair of the two or more dimensions: the first is horizontal, the second vertical."""
    pairs = list(combinations(dimensions, 2))
    rows, columns = grid(len(pairs), PAIRS_PER_ROW)
    figure, axes = plt.subplots(
        rows, columns, figsize=(max(3.3 * columns, 5), 3.2 * rows + 0.7), layout="constrained", squeeze=False
    )
    for axis in axes.flat[len(pairs) :]:
        axis.remove()
    panels = dict(zip(pairs, axes.flat, strict=False))
    for (x, y), axis in panels.items():
        axis.set_xlabel(f"reward, {visible(x)}")
        axis.set_ylabel(f"reward, {visible(y)}")
        axis.grid(color="#E5E5E5", linewidth=0.6)
    return figure, panels


def legend_below(figure: Figure, entries: int) -> None:
    """One legend of so many entries for all panels, in two lines."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=-(-entries // 2))
