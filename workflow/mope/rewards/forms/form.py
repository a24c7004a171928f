"""What becomes of the reward models' rewards of an answer: a form scales those of each preference and adds them up."""

import torch


class Form:
    """The weighted mean of the rewards as they are; forms differ from it in one of the two steps."""

    compares = False  # whether it needs the rewards of reference answers

    def of_preference(
        self, reward: torch.Tensor, reference: torch.Tensor | None, every: torch.Tensor | None
    ) -> torch.Tensor:
        """R_d (B,) of one preference from its rewards r_d (B,).

        `reference` (B,) are the rewards of the reference answers to the same prompts, `every` (n,) those of all
        reference answers; both are None unless the form `compares`.
        """
        return reward

    def together(self, rewards: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """R (B,) of whole answers from R_d (B, d) and the weights (B, d) of preferences, 0 for those that ξ has not."""
        return weighted_mean(rewards, weights)


def weighted_mean(rewards: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The mean (B,) over preferences of rewards (B, d) with weights (B, d)."""
    return sum((rewards * weights).unbind(1)) / weights.sum(1)
