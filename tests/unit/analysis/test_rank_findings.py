"""Claims about an order: Kendall's τ and its interval by hand, and where it cannot be told."""

import math

import numpy as np
import pandas as pd
import pytest

from mope.analysis.findings import Tables, Untestable
from mope.analysis.rank_findings import (
    accuracy_of_rewards,
    distance_of_experts,
    rank_agreement,
    rises_with,
    win_rates_by,
)

PREFERENCES = ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"]


def tables(rates: list[float], **further: pd.DataFrame) -> Tables:
    rows = [("k", "all", p, "guided", "prompting", rate) for p, rate in zip(PREFERENCES, rates, strict=True)]
    rows += [("k", "all", "all", "guided", "prompting", 0.9), ("k", "P1A-P2A", "all", "guided", "prompting", 0.2)]
    columns = ["set", "combination", "preference", "method", "opponent", "win_rate"]
    return Tables(pd.DataFrame(rows, columns=columns), pd.DataFrame(), pd.DataFrame(), **further)


def test_tau_and_its_interval_by_hand() -> None:
    """One of 15 pairs is out of order: τ = (14 - 1) / 15; z ± 1.96 · sqrt(0.437 / 2)."""
    accuracy = pd.DataFrame({"preference": PREFERENCES, "accuracy": [0.7, 0.75, 0.8, 0.85, 0.95, 0.9]})
    find = rises_with(accuracy_of_rewards, "guided", "prompting", "preference")
    found = find(tables([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], reward_models=accuracy), "k")
    z, width = math.atanh(13 / 15), 1.959964 * (0.437 / 2) ** 0.5
    assert found.ours == pytest.approx(13 / 15) and found.threshold == 0 and found.side == 1
    assert (found.low, found.high) == pytest.approx((math.tanh(z - width), math.tanh(z + width)), abs=1e-6)


def test_a_perfect_order_of_few_has_an_interval() -> None:
    x = pd.Series(range(6))
    for sign in (1, -1):
        found = rank_agreement(x, sign * x, "preferences")
        assert found.ours == pytest.approx(sign)
        assert found.side == sign and found.high - found.low > 0.1


def test_what_is_missing_and_what_has_no_order() -> None:
    find = rises_with(accuracy_of_rewards, "guided", "prompting", "preference")
    assert find(tables([0.5] * 6), "k") is None  # no table of reward models
    accuracy = pd.DataFrame({"preference": PREFERENCES, "accuracy": range(6)})
    known = tables([0.5] * 6, reward_models=accuracy)
    assert find(known, "another set") is None
    assert find(known, "k") == Untestable("all preferences are alike in one of the two figures, so there is no order")
    few = tables([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], reward_models=accuracy.head(4))
    assert find(few, "k") == Untestable("an order of 4 preferences; 5 are needed")
    assert win_rates_by("combination", "guided", "prompting")(known, "k").to_dict() == {"P1A-P2A": 0.2}


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Pairs of independent numbers have τ = 0: of 400 draws of eight, about 5 % of the intervals leave it out."""
    rng = np.random.default_rng(0)
    draws = [rank_agreement(pd.Series(rng.random(8)), pd.Series(rng.random(8)), "combinations") for _ in range(400)]
    assert 0.01 < np.mean([found.side != 0 for found in draws]) < 0.09


def test_distances_stand_beside_the_win_rates_of_combinations() -> None:
    """Of six combinations, the further apart the more a mixture wins."""
    xis = [f"x{i}" for i in range(6)]
    rows = [("k", xi, "all", "mod", "soup_exact", 0.4 + i / 20) for i, xi in enumerate(xis)]
    columns = ["set", "combination", "preference", "method", "opponent", "win_rate"]
    distances = pd.DataFrame({"combination": xis[::-1], "distance": [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]})
    known = Tables(pd.DataFrame(rows, columns=columns), pd.DataFrame(), pd.DataFrame(), expert_distances=distances)
    find = rises_with(distance_of_experts, "mod", "soup_exact", "combination")
    assert find(known, "k").ours == pytest.approx(1) and find(known, "k").side == 1
