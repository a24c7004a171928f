"""Bradley-Terry rewards, and their mean over ξ (paper eq. 2)."""

import torch

from mope.rewards.forms.form import Form


def bradley_terry(reward: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """R_d = σ(r_d(x, y) − r_d(x, y_ref)), the probability that y beats the reference answer (paper eq. 2).

    Rewards and result have one shape; the result is in [0, 1].
    """
    return torch.sigmoid(reward - reference)


class BradleyTerry(Form):
    """Eq. 2: R = mean over d in ξ of R_d."""

    compares = True

    def of_preference(self, reward, reference, every):
        return bradley_terry(reward, reference)
