"""Personalized Soups (arXiv 2310.11564): experts of a combination merged into one adapter."""

from collections.abc import Sequence

import torch

from mope.decoding.mixers.arithmetic import strengths
from mope.engine.lora import Adapter, LoraFactors
from mope.errors import MopeError


def factor_average(adapters: Sequence[Adapter], weights: Sequence[float] | None = None) -> Adapter:
    """The published soup: A and B averaged separately, so that ΔW = s · mean(B) mean(A), which is not mean(s B A).

    `weights`, which sum to one, make the means weighted ones (Rewarded Soups, arXiv 2306.04488); None: equal ones.
    """
    shares = _shares(adapters, weights)
    return {
        name: LoraFactors(
            a=sum(share * adapter[name].a for share, adapter in zip(shares, adapters, strict=True)),
            b=sum(share * adapter[name].b for share, adapter in zip(shares, adapters, strict=True)),
            scale=_common_scale(name, adapters),
        )
        for name in adapters[0]
    }


def exact_average(adapters: Sequence[Adapter], weights: Sequence[float] | None = None) -> Adapter:
    """ΔW = Σ_i w_i s B_i A_i, held exactly as one adapter of rank k·r: the factors side by side, B_i times w_i.

    `weights` w sum to one; None: equal ones, 1/k.
    """
    shares = _shares(adapters, weights)
    return {
        name: LoraFactors(
            a=torch.cat([adapter[name].a for adapter in adapters], dim=0),
            b=torch.cat([share * adapter[name].b for share, adapter in zip(shares, adapters, strict=True)], dim=1),
            scale=_common_scale(name, adapters),
        )
        for name in adapters[0]
    }


def delta_sum(adapters: Sequence[Adapter], weights: Sequence[float] | None = None, strength: float = 1.0) -> Adapter:
    """ΔW = Σ_i λ_i s B_i A_i (task arithmetic, arXiv 2212.04089): λ_i in proportion to the weights, mean `strength`.

    Without weights all λ_i are `strength`; the exact average of k has λ = 1/k.
    """
    return exact_average(adapters, strengths(_shares(adapters, weights), strength))


AVERAGES = {"factor": factor_average, "exact": exact_average, "sum": delta_sum}


def _shares(adapters: Sequence[Adapter], weights: Sequence[float] | None) -> Sequence[float]:
    return [1 / len(adapters)] * len(adapters) if weights is None else weights


def _common_scale(name: str, adapters: Sequence[Adapter]) -> float:
    scales = {adapter[name].scale for adapter in adapters}
    if len(scales) > 1:
        raise MopeError(f"soup of {name}: adapters have different scales {sorted(scales)}; train them with one alpha")
    return scales.pop()
