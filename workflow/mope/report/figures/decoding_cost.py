"""What decoding with several experts costs: time per step relative to the single model, over simultaneous requests."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from mope.report.figures.style import COLOURS, DASHES, MARKERS

SOURCES = ("decoding",)
CAPTION = (
    "**What decoding with several experts costs**: time per step relative to the single model, over the number of "
    "simultaneous requests. The dotted line is the bound set by reading the weights and caches once per step."
)


def draw(decoding: pd.DataFrame) -> Figure:
    """`decoding`: benchmarks/decoding.json as a table; one panel per model, dtype and device."""
    records = decoding.assign(
        panel=decoding["model"] + ", " + decoding["dtype"] + "\n" + decoding["device"],
        line=decoding["system"] + " (k = " + decoding["experts_per_request"].astype(str) + ")",
    )
    panels, lines = list(dict.fromkeys(records["panel"])), list(dict.fromkeys(records["line"]))
    figure, axes = plt.subplots(
        1, len(panels), figsize=(3.9 * len(panels), 4.2), layout="constrained", squeeze=False, sharey=True
    )
    for axis, name in zip(axes[0], panels, strict=True):
        own = records[records["panel"] == name].sort_values("requests")
        for i, line in enumerate(lines):
            rows = own[own["line"] == line]
            axis.plot(
                rows["requests"],
                rows["ratio_to_single"],
                color=COLOURS[i % len(COLOURS)],
                linestyle=DASHES[i % len(DASHES)],
                marker=MARKERS[i % len(MARKERS)],
                label=line,
            )
        if "floor_ratio" in own and own["floor_ratio"].notna().any():
            # floor_ratio is the share of the floor that was reached: floor time over time spent
            mixed = own[own["system"] == "mope"].dropna(subset=["floor_ratio"]).set_index("requests")
            floor = mixed["ratio_to_single"] * mixed["floor_ratio"]
            axis.plot(
                floor.index, floor, color="#777777", linestyle=":", linewidth=2, label="memory-bound floor of mope"
            )
        axis.axhline(1, color="black", linewidth=0.7)
        ticks = sorted(set(own["requests"]))
        axis.set_xscale("log", base=2)
        axis.set_xticks(ticks, [str(t) for t in ticks])
        axis.minorticks_off()
        axis.set_title(name, fontsize=9)
        axis.set_xlabel("simultaneous requests")
        axis.grid(axis="y", color="#E5E5E5", linewidth=0.6)
    axes[0, 0].set_ylim(bottom=0)  # of all panels, which share it; set once all are drawn
    axes[0, 0].set_ylabel("time per step, single model = 1")
    found = {}
    for axis in axes[0]:
        found |= dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=2)
    return figure
