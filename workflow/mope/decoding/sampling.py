"""From one distribution per request to one token per request."""

from dataclasses import dataclass

import numpy as np
import torch

COLDEST = 1e-6  # divided by a far lower temperature, log-probabilities would overflow float32
BLOCK = 64  # tokens whose mass is summed first when a token is drawn


@dataclass(frozen=True)
class Sampling:
    """Generation settings shared by all requests; a temperature below `COLDEST` is greedy.

    top_p 1 and top_k 0 are off. `expert_temperature`, above 0, divides the logits of each expert before they are mixed;
    `temperature` those of the mixture. For a single model, and for mixtures in logit space, both are the same.
    The order on the mixture is that of `transformers`: banned tokens, temperature, top_k, top_p.
    """

    temperature: float = 1.0
    expert_temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    no_repeat_ngram: int = 0

    @property
    def greedy(self) -> bool:
        """Whether the most probable token is always taken."""
        return self.temperature < COLDEST


def uniforms(seed: int, count: int) -> np.ndarray:
    """Numbers in [0, 1), float64 (count,), that decide a request's tokens; the first m do not depend on `count`."""
    return np.random.default_rng(seed).random(count)


def tempered(logprobs: torch.Tensor, temperature: float) -> torch.Tensor:
    """Log-softmax of log-probabilities (..., V) divided by a temperature above 0."""
    return logprobs if temperature == 1 else (logprobs / temperature).log_softmax(dim=-1)


def draw_tokens(logprobs: torch.Tensor, sampling: Sampling, uniform: torch.Tensor) -> torch.Tensor:
    """One token per row, int64 (B,): the most probable one, or the one that uniform (B,) float64 points at."""
    if sampling.greedy:
        return logprobs.argmax(dim=-1)
    scores = logprobs if sampling.temperature == 1 else logprobs / sampling.temperature
    if 0 < sampling.top_k < scores.shape[-1]:
        least = scores.topk(sampling.top_k, dim=-1).values[:, -1:]
        scores = scores.masked_fill(scores < least, float("-inf"))
    if sampling.top_p < 1:
        scores = nucleus(scores, sampling.top_p)
    return invert(torch.softmax(scores, dim=-1), uniform)


def without_banned(logprobs: torch.Tensor, banned: list[tuple[int, int]]) -> torch.Tensor:
    """(B, V) with no mass at the `banned` (row, token); the bans yield in a row where nothing else has mass."""
    if not banned:
        return logprobs
    scores = logprobs.clone()
    rows, tokens = torch.tensor(banned, device=logprobs.device).T
    scores[rows, tokens] = float("-inf")
    nothing = (scores == float("-inf")).all(dim=1, keepdim=True)
    return torch.where(nothing, logprobs, scores)


def nucleus(scores: torch.Tensor, top_p: float) -> torch.Tensor:
    """Drop the least probable tokens of (B, V) that together hold at most 1 - top_p of the mass."""
    values, tokens = scores.sort(dim=-1)
    dropped = values.softmax(dim=-1).cumsum(dim=-1) <= 1 - top_p
    dropped[:, -1].fill_(False)
    return scores.masked_fill(torch.zeros_like(dropped).scatter(1, tokens, dropped), float("-inf"))


def invert(probs: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """First token per row of (B, V) at which the cumulated mass exceeds uniform · total, found in float64.

    Naive equivalent: (probs.double().cumsum(1) > uniform[:, None] * probs.double().sum(1, True)).int().argmax(1).
    Sums over blocks first, so that only one block per row is cumulated token by token.
    """
    rows, size = probs.shape
    if size % BLOCK:
        probs = torch.nn.functional.pad(probs, (0, BLOCK - size % BLOCK))
    blocks = probs.view(rows, -1, BLOCK)
    edges = blocks.sum(dim=-1, dtype=torch.float64).cumsum(dim=-1)
    target = uniform[:, None] * edges[:, -1:]
    block = torch.searchsorted(edges, target, right=True)
    inside = blocks[torch.arange(rows, device=probs.device), block[:, 0]].double()
    mass = inside.cumsum(dim=-1)
    before = edges.gather(1, block) - mass[:, -1:]
    token = torch.searchsorted(mass, target - before, right=True)
    # The two orders of summation may differ in the last bit: never step past the last token that has mass.
    last = torch.where(inside > 0, torch.arange(BLOCK, device=probs.device), 0).amax(dim=-1, keepdim=True)
    return (block * BLOCK + torch.minimum(token, last))[:, 0]


class Ngrams:
    """Finds the tokens that would repeat an n-gram of a request's prompts or answer.

    For one prompt this is `no_repeat_ngram_size` of `transformers`; with several, n-grams of each of them are banned.
    """

    def __init__(self, size: int, prompts: list[list[int]]):
        self.size = size
        self.followers: dict[tuple[int, ...], set[int]] = {}
        for prompt in prompts:
            for end in range(size, len(prompt) + 1):
                self.add(tuple(prompt[end - size : end]))
        self.tail = tuple(prompts[0][-size:])

    def add(self, ngram: tuple[int, ...]) -> None:
        """From now on this n-gram may not be repeated."""
        self.followers.setdefault(ngram[:-1], set()).add(ngram[-1])

    def append(self, token: int) -> None:
        """Append a token to the answer."""
        self.tail = (*self.tail, token)[-self.size :]
        if len(self.tail) == self.size:
            self.add(self.tail)

    def banned(self) -> list[int]:
        """Tokens that may not come next."""
        return sorted(self.followers.get(self.tail[len(self.tail) - self.size + 1 :], ()))
