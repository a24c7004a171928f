"""Distances between experts against whole matrices."""

import numpy as np
import pytest
import torch

from mope.engine.lora import LoraFactors
from mope.methods.expert_distances import expert_distances, inner


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
