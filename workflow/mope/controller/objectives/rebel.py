"""REBEL (Gao et al. 2024, arXiv 2404.16767) for the controller (paper eq. 3)."""

import torch

from mope.controller.controller_settings import ControllerSettings
from mope.controller.mixture_logprobs import answer_logprobs
from mope.controller.rollout import Rollout


class Rebel:
    """Fits the difference between two answers' log-ratios to the difference between their rewards (paper eq. 3)."""

    holds = "reward"  # the meaning of `Rollout.target`

    def __init__(self, settings: ControllerSettings):
        self.eta = settings.eta

    def target(self, reward: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
        """The rewards (N, 2) themselves; `batch` (M, 2) are those of all processes that share the step."""
        return reward

    def terms(self, rollout: Rollout) -> int:
        """The number of terms that the loss averages: prompts."""
        return len(rollout.target)

    def loss(self, number: int, part: Rollout, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss (a scalar) and log-ratios (N, 2) of part `number` of a step; `logits` (B, T, k) are the controller's."""
        logprob = answer_logprobs(logits, part.expert_logprobs, part.present, part.other_logprobs).view(-1, 2)
        return rebel_loss(logprob, part.old_logprob, part.target, self.eta)


def rebel_loss(
    logprob: torch.Tensor, old_logprob: torch.Tensor, reward: torch.Tensor, eta: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean over prompts of ( (Δlog π_θ/π_old)(y) − (Δlog π_θ/π_old)(y') − η (R(y) − R(y')) )² / η².

    All tensors are (N, 2): two answers y, y' to each of N prompts. Dividing by η² gives eq. 3's form ((…)/η − ΔR)²,
    whose unit is that of squared rewards for every η. Returns the loss and the log-ratios (N, 2).

    On-policy (`controller.tempers: experts`): an answer is drawn token by token from Σ_i α_i p_i, each p_i the softmax
    of an expert's logits divided by the temperature, and both log-probabilities are those of this mixture. REBEL's
    authors likewise divide the logits by the temperature in both. With `tempers: mixture`, the ablation, answers are
    drawn from (Σ_i α_i p_i)^(1/T), renormalised, but log-probabilities are of Σ_i α_i p_i at T = 1: off-policy.
    """
    ratio = logprob - old_logprob
    gap = (ratio[:, 0] - ratio[:, 1]) / eta - (reward[:, 0] - reward[:, 1])
    return gap.square().mean(), ratio.detach()
