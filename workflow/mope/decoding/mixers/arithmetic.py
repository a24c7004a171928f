"""Model arithmetic: experts as differences from the base. Shapes: `mope.decoding.mixers.mixer`."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from mope.decoding.mixers.logit import product
from mope.decoding.mixers.mixer import Mixer

REQUIRED = {"strength": {"type": "number", "exclusiveMinimum": 0}}  # λ of every expert
READS_BASE = True


@dataclass(frozen=True)
class Arithmetic(Mixer):
    """Model arithmetic (arXiv 2311.14479): π(y) ∝ exp(log π_0(y) + Σ_i λ_i (log π_i(y) − log π_0(y))).

    The request lists the base model, pool index `base`, among its experts. As a product of powers the base has
    weight 1 − Σ λ_i. A request's own weights are its λ (the base's place is ignored); otherwise λ_i = `strength`.
    Tokens outside the base's support have no mass: the ratio π_i/π_0 exists only there.
    """

    fixes = True
    base: int
    strength: float = 1.0

    def weights(self, experts, present, given):
        """Powers (B, k) of the experts' probabilities, the base's included, from λ (B, k)."""
        scale = torch.full(experts.shape, self.strength, device=experts.device) if given is None else given
        others = torch.where((experts != self.base) & present, scale, 0.0)
        return torch.where((experts == self.base) & present, 1.0 - others.sum(dim=1, keepdim=True), others)

    def request_weights(self, weights):
        """λ of the experts, with the mean `strength`, and 0 in the base's place, which comes last."""
        return [*strengths(weights, self.strength), 0.0]

    def mix(self, logprobs, weights, present):
        return product(logprobs, weights, present)


def strengths(weights: Sequence[float], strength: float) -> list[float]:
    """How strongly each expert counts in a sum: in proportion to its weight, with the mean `strength`."""
    return [strength * weight * len(weights) for weight in weights]


def mixer(method: dict, base: int | None) -> Mixer:
    """The rule of a method of `mixer: arithmetic`; `base` is the base model's place in the pool."""
    return Arithmetic(base, method["strength"])
