"""Claims about an order: Kendall's τ and its interval by hand, and where it cannot be told."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from mope.analysis.expert_distances import expert_distances, inner
from mope.analysis.findings import Tables, Untestable
from mope.analysis.rank_findings import (
    accuracy_of_rewards,
    distance_of_experts,
    rank_agreement,
    rises_with,
    win_rates_by,
)
from mope.engine.lora import LoraFactors

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


def adapter(seed: int) -> dict[str, LoraFactors]:
    torch.manual_seed(seed)
    return {name: LoraFactors(torch.randn(3, 7), torch.randn(5, 3), 0.5 + seed) for name in ("m", "n")}


def test_distances_are_those_of_the_whole_matrices() -> None:
    adapters = {name: adapter(seed) for seed, name in enumerate("abcd")}
    whole = {
        name: torch.cat([(pair.scale * pair.b @ pair.a).flatten() for pair in own.values()])
        for name, own in adapters.items()
    }
    assert inner(adapters["a"], adapters["b"]) == pytest.approx((whole["a"] @ whole["b"]).item(), rel=1e-4)
    table = expert_distances(adapters, ["a-b-c", "a-b-d", "d"]).set_index("combination").distance
    cosine = torch.nn.functional.cosine_similarity
    pairs = [cosine(whole[x], whole[y], dim=0).item() for x, y in ("ab", "ac", "bc")]
    assert table["a-b-c"] == pytest.approx(1 - np.mean(pairs), abs=1e-5)
    assert table["d"] == 0
    same = expert_distances({"a": adapters["a"], "b": adapters["a"]}, ["a-b"])
    assert same.distance[0] == pytest.approx(0, abs=1e-6)
    found = distance_of_experts(tables([0.5] * 6, expert_distances=same), "k")
    assert found.index.tolist() == ["a-b"]
