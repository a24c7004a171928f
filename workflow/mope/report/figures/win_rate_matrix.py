"""Win rates of every method against every other, one panel per evaluation set."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mope.methods.names import FOCUS, short_title

SOURCES = ("win_rates",)
CAPTION = "Win rate of the row's method against the column's, on all combinations of preferences."


def draw(win_rates: pd.DataFrame) -> Figure:
    """`win_rates`: the table of one judge. Cells are per cent; dark means that the row wins.

    The scale is symmetric about 50 and no wider than the rates, which mostly lie close to it.
    """
    whole = win_rates[(win_rates["combination"] == "all") & (win_rates["preference"] == "all")]
    whole = whole[whole["role"] != "ablation"]
    sets, methods = list(dict.fromkeys(whole["set"])), list(dict.fromkeys(whole["method"]))
    reach = max(10, 10 * np.ceil(10 * (whole["win_rate"] - 0.5).abs().max()))
    size = 0.62 * len(methods)
    figure, axes = plt.subplots(
        1, len(sets), figsize=(size * len(sets) + 2.2, size + 1.3), layout="constrained", squeeze=False, sharey=True
    )
    for axis, name in zip(axes[0], sets, strict=True):
        rates = whole[whole["set"] == name].pivot(index="method", columns="opponent", values="win_rate")
        values = 100 * rates.reindex(index=methods, columns=methods).to_numpy(float)
        image = axis.imshow(values, cmap="cividis_r", vmin=50 - reach, vmax=50 + reach)
        for row, column in np.argwhere(~np.isnan(values)):
            shade = "white" if image.norm(values[row, column]) > 0.45 else "black"
            axis.text(column, row, f"{values[row, column]:.0f}", ha="center", va="center", color=shade, fontsize=9)
        axis.set_title(f"Evaluation set {name}")
        axis.set_xticks(range(len(methods)), [short_title(m) for m in methods], rotation=45, ha="right")
        axis.set_yticks(range(len(methods)), [short_title(m) for m in methods])
        for label in [*axis.get_xticklabels(), *axis.get_yticklabels()]:
            label.set_fontweight("bold" if label.get_text() == short_title(FOCUS) else "normal")
        axis.set_xlabel("against")
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
    axes[0, 0].set_ylabel("win rate of")
    figure.colorbar(image, ax=axes[0], label="win rate (%)", shrink=0.8, pad=0.02)
    return figure
