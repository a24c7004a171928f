"""Rewards of the methods on two dimensions at a time, with the front of the methods that no other dominates.

With a single dimension: the rewards of the methods on it.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from mope.errors import visible
from mope.methods.names import short_title
from mope.preferences import Preferences
from mope.report.figures.dimension_panels import dimension_panels, legend_below
from mope.report.figures.style import point

SOURCES = ("scores", "preferences")
CAPTION = "Mean rewards of the methods on two dimensions at a time."


def means(scores: pd.DataFrame, dimensions: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Mean Bradley-Terry reward by method and dimension, with the half width of its 95 % t interval over prompts."""
    dimension_of = {pole: name for name, poles in dimensions.items() for pole in poles}
    prompts = scores.assign(dimension=scores["preference"].map(dimension_of)).groupby(
        ["method", "dimension", "prompt_id"], sort=False
    )["bt_reward"]
    found = prompts.mean().groupby(["method", "dimension"], sort=False).agg(["mean", "sem", "size"])
    found["half"] = found["sem"] * stats.t.ppf(0.975, found["size"] - 1)
    return found


def front(points: np.ndarray) -> np.ndarray:
    """Indices of the rows of (n, 2) `points` that no other row beats in both columns, from left to right."""
    beaten = (points[:, None] < points[None]).all(axis=2).any(axis=1)
    kept = np.flatnonzero(~beaten)
    return kept[np.argsort(points[kept, 0], kind="stable")]


def draw(scores: pd.DataFrame, preferences: Preferences) -> Figure:
    """`scores`: rows of scores/<set>/<method>.parquet of one evaluation set, with a column method."""
    dimensions = preferences.seen_in(scores["combination"])
    found = means(scores, dimensions)
    methods = list(dict.fromkeys(found.index.get_level_values("method")))
    by_dimension = {name: found.xs(name, level="dimension").reindex(methods) for name in dimensions}
    if len(dimensions) == 1:
        return _of_one_dimension(*by_dimension.items())
    figure, panels = dimension_panels(list(dimensions))
    for (x, y), axis in panels.items():
        across, up = by_dimension[x], by_dimension[y]
        points = np.column_stack([across["mean"], up["mean"]])
        best = points[front(points)]
        axis.plot(best[:, 0], best[:, 1], color="#888888", linewidth=1, linestyle="--", zorder=1)
        for i, name in enumerate(methods):
            axis.errorbar(
                points[i, 0],
                points[i, 1],
                xerr=across["half"].iloc[i],
                yerr=up["half"].iloc[i],
                **point(name, i),
                label=short_title(name),
            )
    legend_below(figure, len(methods))
    return figure


def _of_one_dimension(named: tuple[str, pd.DataFrame]) -> Figure:
    """One line per method."""
    dimension, rewards = named
    figure, axis = plt.subplots(figsize=(5, 0.9 + 0.3 * len(rewards)), layout="constrained")
    for i, (name, row) in enumerate(rewards.iterrows()):
        axis.errorbar(row["mean"], i, xerr=row["half"], **point(name, i))
    axis.set_yticks(range(len(rewards)), [short_title(name) for name in rewards.index])
    axis.set_ylim(len(rewards) - 0.5, -0.5)
    axis.set_xlabel(f"reward, {visible(dimension)}")
    axis.grid(color="#E5E5E5", linewidth=0.6, axis="x")
    return figure
