"""Rewards of the methods on two dimensions at a time, with the front of the methods that no other dominates."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from mope.report.figures.style import method, point, poles

DIMENSIONS = ("expertise", "informativeness", "style")  # by place in a combination


def means(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean Bradley-Terry reward by method and dimension, with the half width of its 95 % t interval over prompts."""
    place = {name: i for i, ids in enumerate(poles(scores["combination"])) for name in ids}
    prompts = scores.assign(dimension=scores["preference"].map(place)).groupby(
        ["method", "dimension", "prompt_id"], sort=False
    )["bt_reward"]
    found = prompts.mean().groupby(["method", "dimension"], sort=False).agg(["mean", "sem", "size"])
    found["half"] = found["sem"] * stats.t.ppf(0.975, found["size"] - 1)
    return found


def _name(dimension: int) -> str:
    return DIMENSIONS[dimension] if dimension < len(DIMENSIONS) else f"dimension {dimension + 1}"


def front(points: np.ndarray) -> np.ndarray:
    """Indices of the rows of (n, 2) `points` that no other row beats in both columns, from left to right."""
    beaten = (points[:, None] < points[None]).all(axis=2).any(axis=1)
    kept = np.flatnonzero(~beaten)
    return kept[np.argsort(points[kept, 0], kind="stable")]


def draw(scores: pd.DataFrame) -> Figure:
    """`scores`: rows of scores/<set>/<method>.parquet of one evaluation set, with a column method."""
    found = means(scores)
    methods, dimensions = (list(dict.fromkeys(found.index.get_level_values(i))) for i in (0, 1))
    pairs = list(combinations(sorted(dimensions), 2))
    figure, axes = plt.subplots(1, len(pairs), figsize=(3.3 * len(pairs), 3.9), layout="constrained", squeeze=False)
    for axis, (x, y) in zip(axes[0], pairs, strict=True):
        across, up = (found.xs(d, level="dimension").reindex(methods) for d in (x, y))
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
                label=method(name),
            )
        axis.set_xlabel(f"reward, {_name(x)}")
        axis.set_ylabel(f"reward, {_name(y)}")
        axis.grid(color="#E5E5E5", linewidth=0.6)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=-(-len(methods) // 2))
    return figure
