"""Fronts of graded preferences: mean rewards on two dimensions as the weight moves from one of them to the other."""

import pandas as pd
from matplotlib.figure import Figure

from mope.methods.names import FOCUS, short_title
from mope.preferences import Preferences
from mope.report.figures.dimension_panels import dimension_panels, legend_below
from mope.report.figures.style import point

SOURCES = ("front_points", "preferences")
CAPTION = (
    "Mean rewards on two dimensions as the weight moves from the one to the other, the further dimensions at weight 0; "
    "means over the combinations. The large end has all weight on the dimension of the horizontal axis. Intervals are "
    "in table front_points."
)


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
    figure, panels = dimension_panels(list(preferences.seen_in(points["combination"])))
    for (x, y), axis in panels.items():
        means = edge(points, x, y)
        for i, name in enumerate(methods):
            look, own = point(FOCUS if i == 0 else name, i), means.xs(name, level="method")
            axis.plot(own["x"], own["y"], color=look["color"], linewidth=1, zorder=1)
            axis.scatter(
                own["x"],
                own["y"],
                s=[look["markersize"] ** 2 * (1.0 if at == 0 else 0.36) for at in own.index],
                marker=look["fmt"],
                color=look["color"],
                edgecolors=look["markeredgecolor"],
                linewidths=look["markeredgewidth"],
                label=short_title(name),
                zorder=2,
            )
    legend_below(figure, len(methods))
    return figure
