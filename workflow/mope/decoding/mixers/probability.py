"""Mixing in probability space (paper eq. 1), with equal weights or given ones. Shapes: `mope.decoding.mixers.mixer`."""

import torch

from mope.decoding.mixers.mixer import Mixer, may_wait

REQUIRED = {}
READS_BASE = False  # whether the base model takes part
SMALLEST = 1e-36  # float32 loses digits below 1.2e-38


class Probability(Mixer):
    """Eq. 1 of MoPE: π(y) = Σ_i α_i π_i(y), a convex combination of probabilities."""

    fixes = True

    def mix(self, logprobs, weights, present):
        if logprobs.shape[1] == 1:
            return logprobs[:, 0]
        if present is not None:
            weights = weights.masked_fill(~present, 0.0)
            logprobs = logprobs.masked_fill(~present[..., None], 0.0)
        weights = (weights / weights.sum(dim=1, keepdim=True)).to(logprobs.dtype)
        if may_wait(logprobs):
            mass = torch.bmm(weights[:, None], logprobs.exp())[:, 0]
            if mass.amin() > SMALLEST:
                return mass.log_()
        # Some token's mass leaves the range of the float, or is zero: the slower way, in logarithms throughout.
        return torch.logsumexp(logprobs + weights.log()[..., None], dim=1)


def mixer(method: dict, base: int | None) -> Mixer:
    """The rule of a method of `mixer: uniform`, whose weights are equal unless its requests have some."""
    return Probability()
