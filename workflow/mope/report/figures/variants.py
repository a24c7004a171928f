"""What one difference does to MoPE: the win rate of every variant against it."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mope.methods.names import FOCUS, short_title
from mope.report.figures.style import COLOURS, MARKERS

SOURCES = ("variants",)
CAPTION = (
    "What one difference does: win rate of every variant against MoPE, over all combinations and preferences, "
    "with 95 % intervals from a bootstrap over prompts and seeds. Right of the dotted line the variant is better."
)


def draw(variants: pd.DataFrame) -> Figure:
    """`variants`: overall_win_rates.csv of one judge; its rows of role "ablation" against the focus method count."""
    own = variants[(variants["role"] == "ablation") & (variants["opponent"] == FOCUS)]
    methods, sets = list(dict.fromkeys(own["method"])), list(dict.fromkeys(own["set"]))
    figure, axis = plt.subplots(figsize=(6.2, 1.2 + 0.27 * len(methods)), layout="constrained")
    places = np.arange(len(methods), dtype=float)
    for i, name in enumerate(sets):
        rows = 100 * own[own["set"] == name].set_index("method")[["win_rate", "ci_low", "ci_high"]].reindex(methods)
        axis.errorbar(
            rows["win_rate"],
            places + 0.3 * (i - (len(sets) - 1) / 2),
            xerr=np.abs(rows[["ci_low", "ci_high"]].to_numpy().T - rows["win_rate"].to_numpy()),
            fmt=MARKERS[i % len(MARKERS)],
            color=COLOURS[i % len(COLOURS)],
            markeredgecolor="black",
            markersize=5,
            elinewidth=1,
            label=f"evaluation set {name}",
        )
    axis.axvline(50, color="black", linewidth=0.7, linestyle=":")
    axis.set_yticks(places, [short_title(m) for m in methods])
    axis.set_ylim(len(methods) - 0.5, -0.5)  # room for the sets of the outermost rows
    axis.set_xlabel(f"win rate against {short_title(FOCUS)} (%)")
    axis.grid(color="#E5E5E5", linewidth=0.6, axis="x")
    figure.legend(loc="outside lower center", ncols=len(sets))
    return figure
