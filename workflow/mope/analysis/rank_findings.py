"""Whether a win rate rises with something else: claims about the order of preferences or of combinations."""

import math
from collections.abc import Callable

import pandas as pd
from scipy.stats import kendalltau, norm

from mope.analysis.findings import Find, Finding, Tables, Untestable

FEWEST = 5  # preferences or combinations to be ordered: the variance of the interval needs more than four
OTHER = {"preference": "combination", "combination": "preference"}
Cause = Callable[[Tables, str], pd.Series | None]  # (tables, set) -> by preference or combination; None: not run


def rises_with(cause: Cause, method: str, opponent: str, by: str) -> Find:
    """Kendall's τ between `cause` and the win rate of a method against another; the threshold is 0.

    `by` says what the τ is over: "preference" or "combination".
    """

    def find(tables: Tables, evaluation_set: str) -> Finding | Untestable | None:
        causes, gains = cause(tables, evaluation_set), win_rates_by(by, method, opponent)(tables, evaluation_set)
        if causes is None or gains is None:
            return None
        both = pd.concat([causes, gains], axis=1, join="inner", keys=["cause", "gain"])
        return rank_agreement(both["cause"], both["gain"], f"{by}s")

    return find


def win_rates_by(by: str, method: str, opponent: str) -> Cause:
    """Win rates of a method against another by preference or by combination."""

    def rates(tables: Tables, evaluation_set: str) -> pd.Series | None:
        t = tables.win_rates
        own = (t["set"] == evaluation_set) & (t["method"] == method) & (t["opponent"] == opponent)
        rows = t[own & (t[OTHER[by]] == "all") & (t[by] != "all")]
        return None if rows.empty else rows.set_index(by)["win_rate"]

    return rates


def accuracy_of_rewards(tables: Tables, evaluation_set: str) -> pd.Series | None:
    """Accuracy of each preference's reward model on held-out pairs."""
    t = tables.reward_models
    return None if t is None else t.set_index("preference")["accuracy"]


def distance_of_experts(tables: Tables, evaluation_set: str) -> pd.Series | None:
    """How far the experts of each combination are apart (expert_distances.csv)."""
    t = tables.expert_distances
    return None if t is None else t.set_index("combination")["distance"]


def rank_agreement(x: pd.Series, y: pd.Series, of: str) -> Finding | Untestable:
    """Kendall's τ_b of n pairs of numbers, with its 95 % interval; `of` names in the plural what the pairs belong to.

    The interval is that of Fisher's transformation with the variance 0.437 / (n − 4) (Fieller, Hartley and Pearson
    1957). The transformation has no value at a τ of 1 or −1; there the interval is that of a τ nearer to 0 by half of
    what a swap of two neighbours changes.
    """
    n = len(x)
    if n < FEWEST:
        return Untestable(f"an order of {n} {of}; {FEWEST} are needed")
    if x.nunique() < 2 or y.nunique() < 2:
        return Untestable(f"all {of} are alike in one of the two figures, so there is no order")
    tau = float(kendalltau(x, y).statistic)
    most = 1 - 1 / math.comb(n, 2)
    centre, width = math.atanh(max(-most, min(most, tau))), norm.ppf(0.975) * math.sqrt(0.437 / (n - 4))
    return Finding(tau, math.tanh(centre - width), math.tanh(centre + width), 0.0)
