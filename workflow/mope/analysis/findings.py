"""Our figures for the papers' claims: each a comparison of two quantities, with an interval and a threshold."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import quantile_test

from mope.analysis.claim_verdicts import side
from mope.analysis.intervals import INTERVAL_COLUMNS


@dataclass(frozen=True)
class Tables:
    """What claims are computed from, as written by the stages; None where a stage was not run.

    `decoding` holds the records of benchmarks/decoding.json, `human` the table of a human study's results.
    """

    win_rates: pd.DataFrame
    averages: pd.DataFrame
    differences: pd.DataFrame
    correctness: pd.DataFrame | None = None
    generalisation: pd.DataFrame | None = None
    decoding: pd.DataFrame | None = None
    human: pd.DataFrame | None = None


@dataclass(frozen=True)
class Finding:
    """Our figure and its interval, as shares in [0, 1], and the threshold that it must exceed.

    The interval is over prompts and over the seeds of what was trained, where there are several; beside it stands that
    over prompts alone, NaN for figures that have none.
    """

    ours: float
    low: float
    high: float
    threshold: float
    prompts_low: float = np.nan
    prompts_high: float = np.nan

    @property
    def side(self) -> int:
        """+1, -1 or 0: whether the interval lies above the threshold, below it, or contains it."""
        return side(self.low, self.high, self.threshold)


@dataclass(frozen=True)
class Untestable:
    """Why a claim cannot be tested on a run that has all its inputs."""

    reason: str


Find = Callable[[Tables, str], Finding | Untestable | None]  # None where its inputs were not run


def read_finding(row: pd.Series, figure: str, threshold: float) -> Finding:
    """The finding of a row with both intervals."""
    ours, low, high, *prompts = row[[figure, *INTERVAL_COLUMNS]]
    return Finding(ours, low, high, threshold, *prompts)


def told_apart(found: Finding, reason: str) -> Finding | Untestable:
    """The finding; untestable where every comparison of whatever resample gave the same: nothing could show."""
    return Untestable(reason) if found.low == found.high == found.threshold else found


def beats(method: str, opponent: str) -> Find:
    """Win rate of one method against another, to exceed one half."""

    def find(tables: Tables, evaluation_set: str) -> Finding | None:
        t = tables.win_rates
        row = t[
            (t["set"] == evaluation_set) & (t["combination"] == "all") & (t["preference"] == "all")
            & (t["method"] == method) & (t["opponent"] == opponent)
        ]  # fmt: skip
        if row.empty:
            return None
        found = read_finding(row.iloc[0], "win_rate", 0.5)
        return told_apart(found, f"every answer of {method} ties with that of {opponent}")

    return find


def above(method: str, opponents: Iterable[str] | None) -> Find:
    """Average win rate of a method minus that of the best of `opponents` (None: all others), to exceed zero."""

    def find(tables: Tables, evaluation_set: str) -> Finding | None:
        t = tables.differences
        rows = t[(t["set"] == evaluation_set) & (t["method"] == method)]
        if opponents is not None:
            rows = rows[rows["opponent"].isin(list(opponents))]
        if rows.empty:
            return None
        return read_finding(rows.loc[rows["difference"].idxmin()], "difference", 0.0)

    return find


def scaled(find: Find, combinations: int) -> Find:
    """A claim of the scaling study: only of a run with so many combinations."""

    def found(tables: Tables, evaluation_set: str) -> Finding | None:
        own = tables.win_rates[tables.win_rates["set"] == evaluation_set]
        return find(tables, evaluation_set) if own["combination"].nunique() - 1 == combinations else None

    return found


def less_sound(method: str) -> Find:
    """How much less often a method's answers are sound than those of vanilla prompting, to exceed zero."""

    def find(tables: Tables, evaluation_set: str) -> Finding | None:
        t = tables.correctness
        rows = None if t is None else t[(t["set"] == evaluation_set) & (t["method"] == method)]
        rows = None if rows is None else rows[rows["preference"] == "all"].dropna(subset="difference")
        if rows is None or rows.empty:
            return Untestable("which answers are sound is known only of questions of an embedded world")
        difference, low, high, sound = rows.iloc[0][["difference", "difference_low", "difference_high", "sound"]]
        found = Finding(-difference, -high, -low, 0.0)
        return told_apart(found, f"{sound:.0%} of the answers are sound, with and without preferences")

    return find


def reward_lost_when_new(method: str) -> Find:
    """Reward that a controller loses where it was not trained, against one trained on everything, to exceed zero."""

    def find(tables: Tables, evaluation_set: str) -> Finding | None:
        row = _on_new(tables, evaluation_set, method)
        if row is None:
            return None
        difference, low, high, prompts_low, prompts_high = row[["difference", *INTERVAL_COLUMNS]]
        return Finding(-difference, -high, -low, 0.0, -prompts_high, -prompts_low)

    return find


def lost_when_new(method: str) -> Find:
    """How far the win rate of a controller trained on everything is above one half where this one was not trained."""

    def find(tables: Tables, evaluation_set: str) -> Finding | None:
        row = _on_new(tables, evaluation_set, method)
        if row is None:
            return None
        ours, low, high, *prompts = (
            row[["full_win_rate", *(f"full_win_rate_{bound}" for bound in INTERVAL_COLUMNS)]] - 0.5
        )
        return Finding(ours, low, high, 0.0, *prompts)

    return find


def _on_new(tables: Tables, evaluation_set: str, method: str) -> pd.Series | None:
    """The row on what a method's controller was not trained on; None where that was not asked."""
    t = tables.generalisation
    rows = None if t is None else t[(t["set"] == evaluation_set) & (t["method"] == method) & (t["part"] == "new")]
    return None if rows is None or rows.empty else rows.iloc[0]


def faster(system: str, other: str, requests: int) -> Find:
    """Share of the time per step that `system` saves against `other`, to exceed zero; the least over models and dtypes.

    Both were timed in the same rounds: ours is the median of the rounds' savings, with the distribution-free interval
    of a median from its order statistics, at 95 % at least, for which it takes six rounds.
    """

    def find(tables: Tables, evaluation_set: str) -> Finding | None:
        t = tables.decoding
        if t is None or "ms_per_step_rounds" not in t:
            return None
        both = [
            t[(t["requests"] == requests) & (t["system"] == s)].set_index(["model", "dtype"])["ms_per_step_rounds"]
            for s in (system, other)
        ]
        joined = both[0].to_frame("own").join(both[1].to_frame("other"), how="inner")
        saved = [1 - np.array(row.own) / np.array(row.other) for row in joined.itertuples()]  # (rounds,) each
        if not saved:
            return None
        least = min(saved, key=np.median)
        interval = quantile_test(least, p=0.5).confidence_interval(0.95)
        return Finding(float(np.median(least)), float(interval.low), float(interval.high), 0.0)

    return find


def preferred_by_people(method: str, opponent: str) -> Find:
    """Win rate of one method against another in the human study, to exceed one half."""

    def find(tables: Tables, evaluation_set: str) -> Finding | None:
        t = tables.human
        rows = None if t is None else t[(t["method"] == method) & (t["opponent"] == opponent)]
        if rows is None or rows.empty:
            return None
        return Finding(*rows.iloc[0][["win_rate", "ci_low", "ci_high"]], 0.5)

    return find
