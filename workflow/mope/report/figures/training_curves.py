"""Training of the controllers: reward, loss, entropy of the weights over the steps, one line per seed and the mean."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mope.report.figures.style import COLOURS, DASHES

SOURCES = ("curves",)
CAPTION = "Training of the controllers, one line per seed."
QUANTITIES = {
    "reward": "mean reward",
    "loss": "loss",
    "entropy": "entropy of the weights",
    "kl": "KL to the uniform mixture",
    "length": "mean tokens",
    "agreement": "agreement with rewards, new answers",
}
PANELS_PER_ROW = 3
SMOOTHED_STEPS = 5  # steps of the running mean


def draw(curves: dict[tuple[str, str], pd.DataFrame]) -> Figure:
    """`curves[variant, seed]` has the column step and some of `QUANTITIES`."""
    shown = [q for q in QUANTITIES if all(q in curve for curve in curves.values())]
    variants = list(dict.fromkeys(variant for variant, _ in curves))
    rows = -(-len(shown) // PANELS_PER_ROW)
    figure, axes = plt.subplots(
        rows,
        PANELS_PER_ROW,
        figsize=(3.1 * PANELS_PER_ROW, 2.6 * rows),
        layout="constrained",
        squeeze=False,
        sharex=True,
    )
    for axis in axes.flat[len(shown) :]:
        axis.remove()
    for axis, quantity in zip(axes.flat, shown, strict=False):
        for i, variant in enumerate(variants):
            own = pd.concat(
                [curve.set_index("step")[quantity] for (v, _), curve in curves.items() if v == variant], axis=1
            )
            smooth = own.rolling(SMOOTHED_STEPS, min_periods=1, center=True).mean()
            look = {"color": COLOURS[i % len(COLOURS)], "linestyle": DASHES[i % len(DASHES)]}
            if own.shape[1] > 1:
                axis.plot(smooth.index, smooth, color=look["color"], linewidth=0.7, alpha=0.45)
            axis.plot(smooth.index, smooth.mean(axis=1), linewidth=2, label=f"{variant} ({own.shape[1]} seeds)", **look)
        axis.set_title(QUANTITIES[quantity])
        axis.set_xlabel("step")
        axis.tick_params(labelbottom=True)
        axis.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axis.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    axes[0, 0].legend(loc="best", title=f"mean of seeds, {SMOOTHED_STEPS} steps" if len(variants) > 1 else None)
    return figure
