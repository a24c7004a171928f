"""PPO's clipped objective (Schulman et al. 2017, arXiv 1707.06347) for the controller, an ablation of REBEL.

It uses the same recorded numbers as REBEL: log p_i(y_t) of the experts of ξ at the sampled tokens. Deviation, because
there are two answers to each prompt: instead of a value model, the other answer's reward is the baseline
(leave-one-out).
"""

import torch

from mope.controller.controller_settings import ControllerSettings
from mope.controller.mixture_logprobs import token_logprobs
from mope.controller.rollout import Rollout


class ClippedPPO:
    """Makes the tokens of an answer more probable if its reward is above that of the other answer to its prompt."""

    holds = "advantage"  # the meaning of `Rollout.target`

    def __init__(self, settings: ControllerSettings):
        self.clip = settings.clip
        self.old: dict[int, torch.Tensor] = {}  # number of a part -> its log π_old(y_t) (B, T), from the first pass

    def target(self, reward: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
        """Advantages (N, 2); `batch` (M, 2) are the rewards of all processes that share the step."""
        return advantages(reward, batch)

    def terms(self, rollout: Rollout) -> int:
        """The number of terms that the loss averages: tokens of the answers."""
        return int(rollout.present.sum())

    def loss(self, number: int, part: Rollout, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss (a scalar) and log-ratios (N, 2) of part `number` of a step; `logits` (B, T, k) are the controller's."""
        logprob = token_logprobs(logits, part.expert_logprobs, part.other_logprobs)
        old = self.old.setdefault(number, logprob.detach())
        return ppo_loss(logprob, old, part.present, part.target, self.clip)


def advantages(reward: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
    """Advantages (N, 2): R(y) minus the reward of the prompt's other answer, in standard deviations over the batch.

    `reward` (N, 2) are the rewards of this process, `batch` (M, 2) those of all processes that share the step.
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
