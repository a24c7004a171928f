"""Personalized Soups (arXiv 2310.11564): experts of a combination merged into one adapter."""

from collections.abc import Sequence

import torch

from mope.engine.lora import Adapter, LoraFactors
from mope.errors import MopeError


def factor_average(adapters: Sequence[Adapter]) -> Adapter:
    """The published soup: A and B averaged separately, so that ΔW = s · mean(B) mean(A), which is not mean(s B A)."""
    return {
        name: LoraFactors(
            a=torch.stack([adapter[name].a for adapter in adapters]).mean(0),
            b=torch.stack([adapter[name].b for adapter in adapters]).mean(0),
            scale=_common_scale(name, adapters),
        )
        for name in adapters[0]
    }


def exact_average(adapters: Sequence[Adapter]) -> Adapter:
    """ΔW = mean_i(s B_i A_i), held exactly as one adapter of rank k·r: the factors side by side, B divided by k."""
    return {
        name: LoraFactors(
            a=torch.cat([adapter[name].a for adapter in adapters], dim=0),
            b=torch.cat([adapter[name].b for adapter in adapters], dim=1) / len(adapters),
            scale=_common_scale(name, adapters),
        )
        for name in adapters[0]
    }


def delta_sum(adapters: Sequence[Adapter], strength: float = 1.0) -> Adapter:
    """ΔW = λ Σ_i s B_i A_i, λ = `strength` (task arithmetic, arXiv 2212.04089); the exact average of k has λ = 1/k."""
    factor = strength * len(adapters)
    return {name: LoraFactors(pair.a, pair.b * factor, pair.scale) for name, pair in exact_average(adapters).items()}


AVERAGES = {"factor": factor_average, "exact": exact_average, "sum": delta_sum}


def _common_scale(name: str, adapters: Sequence[Adapter]) -> float:
    scales = {adapter[name].scale for adapter in adapters}
    if len(scales) > 1:
        raise MopeError(f"soup of {name}: adapters have different scales {sorted(scales)}; train them with one alpha")
    return scales.pop()
