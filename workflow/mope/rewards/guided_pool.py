"""Reward-guided decoding as an expert pool: the base's most probable tokens, weighed by reward models.

The form is that of ARGS (arXiv 2402.01694): score(v) = log p(v) + w · r(x, y + v) over the k most probable tokens v of
the base, with r the mean reward of ξ's preferences. Tokens are drawn from the softmax of the scores at the temperature
of `generation`, ARGS' stochastic form; at temperature 0 the best one is taken, its greedy form.

Deviation: ARGS reads the reward at the candidate itself. The reward models here have learnt from finished answers only,
so each beginning is closed as the chat template closes an answer, and read there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from mope.decoding.mixers.mixer import IMPOSSIBLE
from mope.decoding.pool import ExpertPool
from mope.rewards.token_rewards import BegunAnswers, TokenRewards


@dataclass
class RewardState:
    """What one reward model has read: of which rows (ascending indices), and their answers so far."""

    rows: torch.Tensor
    begun: BegunAnswers


@dataclass
class GuidedState:
    """The base's state, and what the reward models have read, by preference."""

    base: object
    judged: dict[str, RewardState]


class GuidedPool(ExpertPool):
    """Expert number n is the base guided towards combination n of `members`.

    `members` maps combinations to their preferences, each of which has its reward model in `rewards`. A reward model
    reads the plain prompt: `plain[tuple(ids)]` of what the base reads, with or without preference texts.
    """

    def __init__(
        self,
        base: ExpertPool,
        rewards: Mapping[str, TokenRewards],
        members: Mapping[str, Sequence[str]],
        plain: Mapping[tuple[int, ...], str],
        strength: float,
        top_k: int,
    ):
        self.base, self.rewards, self.plain, self.strength = base, rewards, plain, strength
        self.names, self.members = tuple(members), list(members.values())
        self.vocab_size, self.device, self.waits = base.vocab_size, base.device, base.waits
        self.top_k = min(top_k, base.vocab_size)
        self.bytes_per_token = base.bytes_per_token * (1 + max(map(len, self.members)))

    def prefill(self, prompts: list[list[int]], experts: list[int]) -> tuple[GuidedState, torch.Tensor]:
        state, logprobs = self.base.prefill(prompts, [0] * len(prompts))
        judged = {}
        for name, reward in self.rewards.items():
            rows = [row for row, expert in enumerate(experts) if name in self.members[expert]]
            if rows:
                begun = reward.begin([self.plain[tuple(prompts[row])] for row in rows])
                judged[name] = RewardState(torch.tensor(rows, device=self.device), begun)
        started = GuidedState(state, judged)
        return started, self._guided(started, logprobs)

    def step(self, state: GuidedState, tokens: torch.Tensor) -> torch.Tensor:
        for judged in state.judged.values():
            judged.begun.append(tokens[judged.rows])
        return self._guided(state, self.base.step(state.base, tokens))

    def keep(self, state: GuidedState, rows: torch.Tensor) -> None:
        self.base.keep(state.base, rows)
        for name, judged in list(state.judged.items()):
            stays = torch.isin(judged.rows, rows)
            if not stays.any():
                del state.judged[name]
                continue
            judged.begun.keep(stays.nonzero()[:, 0])
            judged.rows = torch.searchsorted(rows, judged.rows[stays])

    def _guided(self, state: GuidedState, logprobs: torch.Tensor) -> torch.Tensor:
        """log_softmax of log p + w · r over the candidates (R, V), from log p (R, V) of the base."""
        values, tokens = logprobs.topk(self.top_k, dim=-1)
        total, count = torch.zeros_like(values), values.new_zeros(len(values), 1)
        for name, judged in state.judged.items():
            total[judged.rows] += self.rewards[name].score(judged.begun, tokens[judged.rows]).to(values.device)
            count[judged.rows] += 1
        scores = (values + self.strength * total / count).log_softmax(dim=-1)
        return torch.full_like(logprobs, IMPOSSIBLE).scatter_(-1, tokens, scores)
