"""Does the win rate come from length? Average win rate over the mean number of tokens."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mope.methods.names import short_title
from mope.report.figures.style import point

SOURCES = ("average_win_rates",)
CAPTION = "Average win rate over the mean length of the answers: does longer text win?"


def draw(average_win_rates: pd.DataFrame) -> Figure:
    """`average_win_rates`: the table of one judge."""
    sets, methods = (list(dict.fromkeys(average_win_rates[c])) for c in ("set", "method"))
    figure, axes = plt.subplots(
        1, len(sets), figsize=(3.6 * len(sets), 3.9), layout="constrained", squeeze=False, sharey=True
    )
    for axis, name in zip(axes[0], sets, strict=True):
        own = average_win_rates[average_win_rates["set"] == name].set_index("method").reindex(methods)
        for i, m in enumerate(methods):
            row = 100 * own.loc[m, ["average_win_rate", "ci_low", "ci_high"]].astype(float)
            axis.errorbar(
                own.loc[m, "mean_tokens"],
                row["average_win_rate"],
                yerr=np.abs(row[["ci_low", "ci_high"]].to_numpy() - row["average_win_rate"])[:, None],
                **point(m, i),
                label=short_title(m),
            )
        axis.axhline(50, color="black", linewidth=0.7, linestyle=":")
        axis.margins(x=0.12, y=0.12)
        axis.set_title(f"Evaluation set {name}")
        axis.set_xlabel("mean tokens of an answer")
        axis.grid(color="#E5E5E5", linewidth=0.6)
    axes[0, 0].set_ylabel("average win rate (%)")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=-(-len(methods) // 2))
    return figure
