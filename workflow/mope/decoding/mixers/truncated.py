"""Any mixing rule on experts of which only the most probable tokens are known, as from an API."""

from dataclasses import dataclass

import torch

from mope.decoding.mixers.mixer import IMPOSSIBLE, Mixer


def truncate(logprobs: torch.Tensor, top_k: int) -> torch.Tensor:
    """Keep the top_k tokens of each distribution (..., V), renormalised, as an API that reports only those would."""
    values, tokens = logprobs.topk(top_k, dim=-1)
    return torch.full_like(logprobs, IMPOSSIBLE).scatter_(-1, tokens, values.log_softmax(dim=-1))


@dataclass(frozen=True)
class Truncated(Mixer):
    """`mixer` on experts that tell only their `top_k` most probable tokens, as an API does."""

    mixer: Mixer
    top_k: int

    def weights(self, experts, present, given):
        return self.mixer.weights(experts, present, given)

    def request_weights(self, weights):
        return self.mixer.request_weights(weights)

    def mix(self, logprobs, weights, present):
        return self.mixer.mix(truncate(logprobs, min(self.top_k, logprobs.shape[-1])), weights, present)
