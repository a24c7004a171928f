"""What one difference does to MoPE: the win rate of every variant against it."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mope.report.figures.style import COLOURS, FOCUS, MARKERS


def draw(rates: pd.DataFrame) -> Figure:
    """`rates`: table overall_win_rates.csv of one judge; its rows of role "ablation" against the focus method count."""
    own = rates[(rates["role"] == "ablation") & (rates["opponent"] == FOCUS)]
    variants, sets = list(dict.fromkeys(own["method"])), list(dict.fromkeys(own["set"]))
    figure, axis = plt.subplots(figsize=(6.2, 1.2 + 0.27 * len(variants)), layout="constrained")
    places = np.arange(len(variants), dtype=float)
    for i, name in enumerate(sets):
        rows = 100 * own[own["set"] == name].set_index("method")[["win_rate", "ci_low", "ci_high"]].reindex(variants)
        axis.errorbar(
            rows["win_rate"],
            places + 0.3 * (i - (len(sets) - 1) / 2),
            xerr=np.abs(rows[["ci_low", "ci_high"]].to_numpy().T - rows["win_rate"].to_numpy()),
            fmt=MARKERS[i],
            color=COLOURS[i],
            markeredgecolor="black",
            markersize=5,
            elinewidth=1,
            label=f"evaluation set {name}",
        )
    axis.axvline(50, color="black", linewidth=0.7, linestyle=":")
    axis.set_yticks(places, variants)
    axis.set_ylim(len(variants) - 0.5, -0.5)  # room for the sets of the outermost rows
    axis.set_xlabel(f"win rate against {FOCUS} (%)")
    axis.grid(color="#E5E5E5", linewidth=0.6, axis="x")
    figure.legend(loc="outside lower center", ncols=len(sets))
    return figure
