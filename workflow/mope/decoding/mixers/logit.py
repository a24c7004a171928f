"""Mixing in logit space: MOD, and the paper's ablation. Shapes: `mope.decoding.mixers.mixer`."""

import torch

from mope.decoding.mixers.mixer import IMPOSSIBLE, Mixer, may_wait
from mope.decoding.mixers.probability import Probability

REQUIRED = {}
OPTIONAL = {"controller": {"type": "string"}}  # a name of `controllers`
READS_BASE = False
SPACE = "logit"


class Logit(Mixer):
    """MOD (arXiv 2406.18853): π(y) ∝ exp(Σ_i w_i log π_i(y)), weights summing to one.

    A token without mass for one expert of positive weight gets none. Where truncation leaves no token at all, the
    request falls back to Eq. 1 with the same weights (deviation: the published form has no answer there).
    """

    fixes = True

    def mix(self, logprobs, weights, present):
        return product(logprobs, weights, present)


def product(logprobs: torch.Tensor, powers: torch.Tensor, present: torch.Tensor | None) -> torch.Tensor:
    """log_softmax(Σ_i powers_i · log p_i) over the tokens to which every expert of non-zero power gives mass."""
    used = powers != 0 if present is None else (powers != 0) & present
    score = logprobs.new_zeros(logprobs.shape[0], logprobs.shape[2])
    for column in range(logprobs.shape[1]):
        term = logprobs[:, column]
        active = used[:, column, None]
        weighted = torch.where(term == IMPOSSIBLE, IMPOSSIBLE, term * powers[:, column, None])
        score += torch.where(active, weighted, 0.0)
    empty = (score == IMPOSSIBLE).all(dim=1)
    if not may_wait(score):
        score = torch.where(empty[:, None], Probability().mix(logprobs, powers.abs(), used), score)
    elif empty.any():
        score[empty] = Probability().mix(logprobs[empty], powers[empty].abs(), used[empty])
    return score.log_softmax(dim=-1)


def mixer(method: dict, base: int | None) -> Mixer:
    """The rule of a method of `mixer: logit`."""
    return Logit()
