"""The papers' claims against our figures: reproduced, not reproduced, or undecided by the interval.

Every claim is a comparison of two quantities with a direction; ours is their difference or a win rate, and a threshold
(0 for differences, 0.5 for win rates) lies below, above or inside its 95 % interval. Published figures are shown beside
and never are targets: sources conflict, and they belong to other models and judges.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

SOUPS = ("soup_factor", "soup_exact")


@dataclass(frozen=True)
class Tables:
    """What claims are computed from; every table as written by the aggregation."""

    win_rates: pd.DataFrame
    averages: pd.DataFrame
    differences: pd.DataFrame


@dataclass(frozen=True)
class Finding:
    """Our figure and its interval, as shares in [0, 1], and the threshold that it must exceed."""

    ours: float
    low: float
    high: float
    threshold: float

    @property
    def verdict(self) -> str:
        """By the interval alone."""
        if self.low > self.threshold:
            return "reproduced"
        return "not reproduced" if self.high < self.threshold else "undecided by the interval"


@dataclass(frozen=True)
class Claim:
    """A statement of the papers; `find(tables, set)` gives None where its inputs were not run."""

    id: str
    text: str
    published: str
    find: Callable[[Tables, str], Finding | None]


def beats(method: str, opponent: str) -> Callable[[Tables, str], Finding | None]:
    """Win rate of one method against another, to exceed one half."""

    def find(tables: Tables, evaluation_set: str) -> Finding | None:
        t = tables.win_rates
        row = t[
            (t["set"] == evaluation_set) & (t["combination"] == "all") & (t["preference"] == "all")
            & (t["method"] == method) & (t["opponent"] == opponent)
        ]  # fmt: skip
        if row.empty:
            return None
        return Finding(*row.iloc[0][["win_rate", "ci_low", "ci_high"]], 0.5)

    return find


def above(method: str, opponents: Iterable[str] | None) -> Callable[[Tables, str], Finding | None]:
    """Average win rate of a method minus that of the best of `opponents` (None: all others), to exceed zero."""

    def find(tables: Tables, evaluation_set: str) -> Finding | None:
        t = tables.differences
        rows = t[(t["set"] == evaluation_set) & (t["method"] == method)]
        if opponents is not None:
            rows = rows[rows["opponent"].isin(list(opponents))]
        if rows.empty:
            return None
        return Finding(*rows.loc[rows["difference"].idxmin(), ["difference", "ci_low", "ci_high"]], 0.0)

    return find


CLAIMS = (
    Claim("mope-highest", "MoPE has the highest average win rate of all methods (difference to the best other)",
          "Koala: MoPE 66.28 %, Personalized Soup 60.21 or 61.28 % (sources conflict)", above("mope", None)),
    Claim("mope-beats-soup-factor", "MoPE beats Personalized Soups (factor average, as published)",
          "Koala: MoPE 66.28 %, Personalized Soup 60.21 or 61.28 % (sources conflict)", beats("mope", "soup_factor")),
    Claim("mope-beats-soup-exact", "MoPE beats Personalized Soups (exact average)",
          "Koala: MoPE 66.28 %, Personalized Soup 60.21 or 61.28 % (sources conflict)", beats("mope", "soup_exact")),
    Claim("mope-beats-mod", "MoPE beats mixing in logit space with uniform weights (MOD)",
          "not compared; table 4 puts probability above logit mixing", beats("mope", "mod")),
    Claim("mope-beats-uniform", "The trained controller beats uniform mixing weights",
          "MPD (Uniform) is a row of tables 2 and 3; no firm figure", beats("mope", "uniform")),
    Claim("mope-beats-prompting", "MoPE beats preference prompting",
          "Koala: MoPE 66.28 %, preference prompting 56.09 % on average", beats("mope", "prompting")),
    Claim("soup-above-prompting", "Personalized Soups (factor average) rank above preference prompting on average",
          "Koala: 60.21 or 61.28 % (sources conflict) against 56.09 %", above("soup_factor", ["prompting"])),
    Claim("prompting-above-vanilla", "Preference prompting ranks above vanilla prompting on average",
          "rows of tables 2 and 3; no firm figure", above("prompting", ["vanilla"])),
    Claim("probability-above-logit", "A controller mixing probabilities beats one mixing logits (ablation)",
          "table 4, direction only", beats("mope", "mope_logit")),
    Claim("bt-above-raw", "Bradley-Terry rewards beat raw mean rewards (ablation)",
          "table 4, direction only", beats("mope", "mope_raw")),
)  # fmt: skip


def claims(tables: Tables, judge: str) -> list[dict]:
    """One record per claim and evaluation set, under the primary judge; claims without inputs are "not run"."""
    own = Tables(*(t[t["judge"] == judge] for t in (tables.win_rates, tables.averages, tables.differences)))
    records = []
    for claim in CLAIMS:
        for evaluation_set in dict.fromkeys(own.averages["set"]):
            found = claim.find(own, evaluation_set)
            records.append(
                {
                    "id": f"{claim.id}:{evaluation_set}",
                    "claim": f"{claim.text}, evaluation set {evaluation_set}",
                    "published": claim.published,
                    "ours": _number(found and found.ours),
                    "ci_low": _number(found and found.low),
                    "ci_high": _number(found and found.high),
                    "verdict": found.verdict if found else "not run",
                }
            )
    return records


def _number(value: float | None) -> float | None:
    """Rounded for the file; null where there is none."""
    return None if value is None or np.isnan(value) else round(float(value), 6)
