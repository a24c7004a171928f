"""Fronts of graded preferences: mean rewards on two dimensions as the weight moves from one of them to the other."""

from itertools import combinations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from mope.errors import visible
from mope.methods.names import FOCUS, short_title
from mope.preferences import Preferences
from mope.report.figures.style import grid, point

SOURCES = ("front_points", "preferences")
CAPTION = (
    "Mean rewards on two dimensions as the weight moves from the one to the other, the further dimensions at weight 0; "
    "means over the combinations. The large end has all weight on the dimension of the horizontal axis. Intervals are "
    "in table front_points."
)
FRONTS_PER_ROW = 3


def edge(points: pd.DataFrame, x: str, y: str) -> pd.DataFrame:
    """Mean rewards by method where dimensions x and y have all weight: columns `x`, `y`, ordered by the weight of y.

    `points` has the columns method, combination, point, dimension, weight and bt_reward.
    """
    index = ["method", "combination", "point"]
    weights, rewards = (points.pivot(index=index, columns="dimension", values=v) for v in ("weight", "bt_reward"))
    on_edge = (weights[x] + weights[y]).round(9) == 1
    means = rewards[on_edge][[x, y]].assign(at=weights[y][on_edge]).groupby(["method", "at"], sort=False).mean()
    return means.sort_index(level="at", sort_remaining=False, kind="stable").set_axis(["x", "y"], axis=1)


def draw(front_points: pd.DataFrame, preferences: Preferences) -> Figure:
    """`front_points`: the table of that name; the first of its methods is emphasised."""
    dimension_of = {pole: name for name, poles in preferences.dimensions.items() for pole in poles}
    points = front_points.assign(dimension=front_points["preference"].map(dimension_of))
    methods = list(dict.fromkeys(points["method"]))
    pairs = list(combinations([name for name in preferences.dimensions if name in set(points["dimension"])], 2))
    rows, columns = grid(len(pairs), FRONTS_PER_ROW)
    figure, axes = plt.subplots(
        rows, columns, figsize=(max(3.3 * columns, 5), 3.2 * rows + 0.7), layout="constrained", squeeze=False
    )
    for axis in axes.flat[len(pairs) :]:
        axis.remove()
    for axis, (x, y) in zip(axes.flat, pairs, strict=False):
        means = edge(points, x, y)
        for i, name in enumerate(methods):
            look, own = point(FOCUS if i == 0 else name, i), means.xs(name, level="method")
            axis.plot(own["x"], own["y"], color=look["color"], linewidth=1, zorder=1 + (i == 0))
            shown = {key: look[key] for key in ("color", "markeredgecolor", "markeredgewidth")} | {
                "marker": look["fmt"]
            }
            axis.plot(own["x"], own["y"], linestyle="", markersize=0.6 * look["markersize"], **shown)
            axis.plot(
                own["x"][:1],
                own["y"][:1],
                linestyle="",
                markersize=look["markersize"],
                label=short_title(name),
                **shown,
            )
        axis.set_xlabel(f"reward, {visible(x)}")
        axis.set_ylabel(f"reward, {visible(y)}")
        axis.grid(color="#E5E5E5", linewidth=0.6)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=-(-len(methods) // 2))
    return figure
