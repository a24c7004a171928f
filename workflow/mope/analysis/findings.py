"""Our figures for the papers' claims: each compares two quantities and has an interval and a threshold."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import quantile_test

from mope.analysis.claim_verdicts import side
from mope.analysis.intervals import INTERVAL_COLUMNS


@dataclass(frozen=True)
class Tables:
    """The tables that claims are computed from, as the stages wrote them; None where a stage was not run.

    `decoding` holds the records of benchmarks/decoding.json, `human` the results of a human study (human_study.csv).
    `reward_models` and `expert_distances` are the tables of these names.
    """

    win_rates: pd.DataFrame
    averages: pd.DataFrame
    differences: pd.DataFrame
    correctness: pd.DataFrame | None = None
    generalisation: pd.DataFrame | None = None
    decoding: pd.DataFrame | None = None
    human: pd.DataFrame | None = None
    reward_models: pd.DataFrame | None = None
    expert_distances: pd.DataFrame | None = None


@dataclass(frozen=True)
class Finding:
    """Our figure with its 95 % interval, and the threshold to exceed; shares in [0, 1], their differences, or rewards.

    `low` to `high` is over prompts and over training seeds, where there are several; `prompts_low` to `prompts_high` is
    over prompts alone, NaN for figures that have no such interval.
    """

    ours: float
    low: float
    high: float
    threshold: float
    prompts_low: float = np.nan
    prompts_high: float = np.nan

    @property
    def side(self) -> int:
        """+1 if the interval lies above the threshold, -1 if below, 0 if it contains it."""
        return side(self.low, self.high, self.threshold)


@dataclass(frozen=True)
class Untestable:
    """The reason why a claim cannot be tested although its inputs are there."""

    reason: str


Find = Callable[[Tables, str], Finding | Untestable | None]  # (tables, set); None where its inputs were not run


def read_finding(row: pd.Series, figure: str, threshold: float) -> Finding:
    """The finding in column `figure` of a row with both intervals (`INTERVAL_COLUMNS`)."""
    ours, low, high, *prompts = row[[figure, *INTERVAL_COLUMNS]]
    return Finding(ours, low, high, threshold, *prompts)


def told_apart(found: Finding, reason: str) -> Finding | Untestable:
    """The finding; `Untestable(reason)` where both ends of its interval are the threshold, as where all answers tie."""
    return Untestable(reason) if found.low == found.high == found.threshold else found


def beats(method: str, opponent: str) -> Find:
    """Win rate of one method against another; the threshold is 0.5."""

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
    """Average win rate of a method minus that of the best of `opponents` (None: all others); the threshold is 0."""

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
    """`find` for a claim of the scaling study: it gives None unless the run has this number of combinations."""

    def found(tables: Tables, evaluation_set: str) -> Finding | None:
        own = tables.win_rates[tables.win_rates["set"] == evaluation_set]
        return find(tables, evaluation_set) if own["combination"].nunique() - 1 == combinations else None

    return found


def less_sound(method: str) -> Find:
    """Share of sound answers of vanilla prompting minus that of a method; the threshold is 0."""

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
    """Reward of the controller trained on everything minus that of `method`'s; the threshold is 0.

    It is over the combinations that `method`'s controller was not trained on.
    """

    def find(tables: Tables, evaluation_set: str) -> Finding | None:
        row = _on_new(tables, evaluation_set, method)
        if row is None:
            return None
        difference, low, high, prompts_low, prompts_high = row[["difference", *INTERVAL_COLUMNS]]
        return Finding(-difference, -high, -low, 0.0, -prompts_high, -prompts_low)

    return find


def lost_when_new(method: str) -> Find:
    """Win rate of the controller trained on everything against `method`'s, minus 0.5; the threshold is 0.

    It is over the combinations that `method`'s controller was not trained on.
    """

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
    """The row of `generalisation` on what a method's controller was not trained on; None if that was not measured."""
    t = tables.generalisation
    rows = None if t is None else t[(t["set"] == evaluation_set) & (t["method"] == method) & (t["part"] == "new")]
    return None if rows is None or rows.empty else rows.iloc[0]


def faster(system: str, other: str, requests: int) -> Find:
    """Share of the time per decoding step that `system` saves over `other` at this number of simultaneous requests.

    The threshold is 0. Both systems were timed in the same rounds: our figure is the median saving over rounds, with
    the distribution-free interval of a median from order statistics (at least 95 %, which takes six rounds). Of all
    models and dtypes, the one with the smallest median counts.
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
        smallest = min(saved, key=np.median)
        interval = quantile_test(smallest, p=0.5).confidence_interval(0.95)
        return Finding(float(np.median(smallest)), float(interval.low), float(interval.high), 0.0)

    return find


def preferred_by_people(method: str, opponent: str) -> Find:
    """Win rate of one method against another in the human study; the threshold is 0.5."""

    def find(tables: Tables, evaluation_set: str) -> Finding | None:
        t = tables.human
        rows = None if t is None else t[(t["method"] == method) & (t["opponent"] == opponent)]
        if rows is None or rows.empty:
            return None
        return Finding(*rows.iloc[0][["win_rate", "ci_low", "ci_high"]], 0.5)

    return find
