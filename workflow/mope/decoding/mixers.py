"""How the experts' next-token distributions become one. All arithmetic is on log-probabilities.

Shapes: logprobs (B, k, V) of k experts per request, weights (B, k), present (B, k) bool; an expert that is not
present takes no part, whatever its row holds. The result (B, V) is a log-distribution. Zero mass is -inf.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch

IMPOSSIBLE = float("-inf")
SMALLEST = 1e-36  # float32 loses digits below 1.2e-38


def truncate(logprobs: torch.Tensor, top_k: int) -> torch.Tensor:
    """Keep the top_k tokens of each distribution (..., V), renormalised, as an API that reports only those would."""
    values, tokens = logprobs.topk(top_k, dim=-1)
    return torch.full_like(logprobs, IMPOSSIBLE).scatter_(-1, tokens, values.log_softmax(dim=-1))


class Mixer(ABC):
    """A rule that mixes experts."""

    def weights(self, experts: torch.Tensor, present: torch.Tensor, given: torch.Tensor | None) -> torch.Tensor:
        """The weights (B, k) that `mix` takes: those given, or uniform ones. `experts` (B, k) are pool indices."""
        return present / present.sum(dim=1, keepdim=True) if given is None else given

    @abstractmethod
    def mix(self, logprobs: torch.Tensor, weights: torch.Tensor, present: torch.Tensor | None) -> torch.Tensor:
        """Log-distribution (B, V); `present` is None when every expert is."""


class Probability(Mixer):
    """Eq. 1 of MoPE: π(y) = Σ_i α_i π_i(y), a convex combination of probabilities."""

    def mix(self, logprobs, weights, present):
        if logprobs.shape[1] == 1:
            return logprobs[:, 0]
        if present is not None:
            weights = weights.masked_fill(~present, 0.0)
            logprobs = logprobs.masked_fill(~present[..., None], 0.0)
        weights = (weights / weights.sum(dim=1, keepdim=True)).to(logprobs.dtype)
        mass = torch.bmm(weights[:, None], logprobs.exp())[:, 0]
        if mass.amin() > SMALLEST:
            return mass.log_()
        # Some token's mass leaves the range of the float, or is zero: the slower way, in logarithms throughout.
        return torch.logsumexp(logprobs + weights.log()[..., None], dim=1)


class Logit(Mixer):
    """MOD (arXiv 2406.18853): π(y) ∝ exp(Σ_i w_i log π_i(y)), weights summing to one.

    A token without mass for one expert of positive weight gets none. Where truncation leaves no token at all, the
    request falls back to Eq. 1 with the same weights (deviation: the published form has no answer there).
    """

    def mix(self, logprobs, weights, present):
        return product(logprobs, weights, present)


@dataclass(frozen=True)
class Arithmetic(Mixer):
    """Model arithmetic (arXiv 2311.14479): π(y) ∝ exp(log π_0(y) + Σ_i λ_i (log π_i(y) − log π_0(y))).

    The request lists the base model, pool index `base`, among its experts. As a product of powers the base has
    weight 1 − Σ λ_i. A request's own weights are its λ (the base's place is ignored); otherwise λ_i = `strength`.
    Tokens outside the base's support have no mass: the ratio π_i/π_0 exists only there.
    """

    base: int
    strength: float = 1.0

    def weights(self, experts, present, given):
        """Powers (B, k) of the experts' probabilities, the base's included, from λ (B, k)."""
        scale = torch.full(experts.shape, self.strength, device=experts.device) if given is None else given
        others = torch.where((experts != self.base) & present, scale, 0.0)
        return torch.where((experts == self.base) & present, 1.0 - others.sum(dim=1, keepdim=True), others)

    def mix(self, logprobs, weights, present):
        return product(logprobs, weights, present)


@dataclass(frozen=True)
class Truncated(Mixer):
    """`mixer` on experts that tell only their `top_k` most probable tokens, as an API does."""

    mixer: Mixer
    top_k: int

    def weights(self, experts, present, given):
        return self.mixer.weights(experts, present, given)

    def mix(self, logprobs, weights, present):
        return self.mixer.mix(truncate(logprobs, min(self.top_k, logprobs.shape[-1])), weights, present)


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
    if empty.any():
        score[empty] = Probability().mix(logprobs[empty], powers[empty].abs(), used[empty])
    return score.log_softmax(dim=-1)
