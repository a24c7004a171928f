"""PPO's clipped objective (Schulman et al. 2017, arXiv 1707.06347) for the controller, the ablation beside REBEL.

It uses the same recorded scalars as REBEL: log p_i(y_t) of the active experts at the sampled tokens, nothing else.
Deviation: no value model, the other answer to the same prompt is the baseline (leave-one-out).
"""

import torch

from mope.controller.controller_settings import ControllerSettings
from mope.controller.mixture_logprobs import token_logprobs
from mope.controller.rollout import Rollout


class ClippedPPO:
    """Raises the probability of tokens of answers that did better than the other one to their prompt."""

    holds = "advantage"  # what `Rollout.target` is

    def __init__(self, settings: ControllerSettings):
        self.clip = settings.clip
        self.old: dict[int, torch.Tensor] = {}  # log π_old(y_t) of every part, from the first pass over it

    def target(self, reward: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
        """Advantages (N, 2); `batch` (M, 2) are the rewards of all processes that share the step."""
        return advantages(reward, batch)

    def terms(self, rollout: Rollout) -> int:
        """How many terms the loss is the mean of: tokens."""
        return int(rollout.present.sum())

    def loss(self, number: int, part: Rollout, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss and log-ratios (N, 2) of part `number` of a step, from the controller's outputs (B, T, k) on it."""
        logprob = token_logprobs(logits, part.expert_logprobs, part.rest)
        old = self.old.setdefault(number, logprob.detach())
        return ppo_loss(logprob, old, part.present, part.target, self.clip)


def advantages(reward: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
    """R(y) minus the reward of the prompt's other answer, in standard deviations over the batch; (N, 2) to (N, 2).

    `batch` (M, 2) are the rewards of all processes that share the step, of which `reward` are this one's.
    """
    return (reward - reward.flip(1)) / (batch - batch.flip(1)).std().clamp(min=1e-8)


def ppo_loss(
    logprob: torch.Tensor, old_logprob: torch.Tensor, present: torch.Tensor, advantage: torch.Tensor, clip: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """−mean over tokens of min(ρ_t A, clip(ρ_t, 1 − clip, 1 + clip) A), with ρ_t = π_θ(y_t) / π_old(y_t).

    `logprob`, `old_logprob` and `present` are (B, T), `advantage` is (N, 2) with B = 2 N. Returns the loss and the
    log-ratios of whole answers (N, 2).
    """
    ratio = torch.where(present, logprob - old_logprob, 0.0)
    change, gain = ratio.exp(), advantage.reshape(-1, 1)
    surrogate = torch.minimum(change * gain, change.clamp(1 - clip, 1 + clip) * gain)
    return -surrogate[present].mean(), ratio.detach().sum(1).view(-1, 2)
