"""The figure of docs/costs.md that shows where the time of a run goes."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from mope.report.docs.reference_runs import WHOLE_RUN
from mope.report.figures.style import COLOURS

STAGE_TIMES = "stage_times.svg"  # beside the timings.csv that it is drawn from
RULES_SHOWN = 12  # rules with a bar of their own


def stage_times(timings: pd.DataFrame) -> Figure:
    """Minutes of all jobs of each rule, and their share; `timings`: the timings.csv of a run."""
    rules = timings[timings.rule != WHOLE_RUN]
    minutes = (rules.jobs * rules.seconds / 60).set_axis(rules.rule + " (" + rules.jobs.astype(str) + ")")
    minutes = minutes.sort_values(ascending=False, kind="stable")
    bars = minutes.head(RULES_SHOWN)
    if len(minutes) > RULES_SHOWN:
        bars = pd.concat([bars, pd.Series({f"{len(minutes) - RULES_SHOWN} others": minutes[RULES_SHOWN:].sum()})])
    figure, axis = plt.subplots(figsize=(6.4, 0.9 + 0.24 * len(bars)), layout="constrained")
    drawn = axis.barh(bars.index[::-1], bars[::-1], color=COLOURS[0])
    axis.bar_label(drawn, [f"{value:.1f} ({value / minutes.sum():.0%})" for value in bars[::-1]], padding=3)
    axis.margins(x=0.2)
    axis.set_xlabel("minutes of all jobs, one after another")
    axis.set_title(f"{timings.run.iloc[0]}: rules (jobs)")
    return figure
