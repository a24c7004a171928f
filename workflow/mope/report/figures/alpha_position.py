"""The controller's weights along the answer: average by position for each preference."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mope.errors import visible
from mope.preferences import Preferences, members_of
from mope.report.figures.style import COLOURS, DASHES

SOURCES = ("alpha_samples", "preferences")
CAPTION = "The controller's mean weight of each expert by position in the answer."
REACHED = 0.1  # share of the answers that must reach a position for it to be drawn
SMOOTHED_POSITIONS = 5  # positions of the running mean


def draw(alpha_samples: pd.DataFrame, preferences: Preferences) -> Figure:
    """`alpha_samples` has the columns prompt_id, combination, position, and one of weights per preference id."""
    members = alpha_samples["combination"].map(members_of)
    dimensions = list(preferences.seen_in(alpha_samples["combination"]).values())
    figure, axes = plt.subplots(
        1,
        len(dimensions),
        figsize=(max(3.3 * len(dimensions), 5), 3.1),
        layout="constrained",
        squeeze=False,
        sharey=True,
        sharex=True,
    )
    for axis, ids in zip(axes[0], dimensions, strict=True):
        for i, name in enumerate(ids):
            active = alpha_samples[members.map(lambda ids, own=name: own in ids)]
            at = active.groupby("position")[name].agg(["mean", "sem", "size"])
            at = at[at["size"] >= max(3, REACHED * at["size"].max())]
            at = at.rolling(SMOOTHED_POSITIONS, min_periods=1, center=True).mean()
            colour = COLOURS[(0, 5, 2, 6)[i % 4]]  # the dark ones of the palette
            low, high = (np.clip(at["mean"] + s * 1.96 * at["sem"], 0, 1) for s in (-1, 1))
            axis.fill_between(at.index, low, high, color=colour, alpha=0.2, linewidth=0)
            axis.plot(
                at.index,
                at["mean"],
                color=colour,
                linestyle=DASHES[i % len(DASHES)],
                linewidth=1.8,
                label=visible(preferences.label(name)),
            )
        axis.axhline(1 / len(dimensions), color="black", linewidth=0.7, linestyle=":")
        axis.set_ylim(0, 1 if len(dimensions) > 1 else 1.05)  # a single weight is 1: below the edge
        axis.set_xlabel("position of the token")
        axis.grid(axis="y", color="#E5E5E5", linewidth=0.6)
        axis.legend(loc="best")
    axes[0, 0].set_ylabel("mean weight α (dotted: uniform)")
    return figure
