"""Each preference's rewards are normalised before they are added up, as in GDPO (arXiv 2601.05242).

GDPO subtracts the mean of a prompt's answers and divides by their standard deviation. With two answers to each prompt,
as here, that would leave only which of them is better; therefore the standard deviation is that within prompts over the
whole step. GDPO's further division by the standard deviation of the sums is left to `controller.eta`.
"""

import torch
from accelerate.utils import gather_object

from mope.rewards.forms.form import Form, weighted_mean


class Decoupled(Form):
    """R_d = (r_d(y) − mean of r_d(y) and r_d(y')) / std_d; answers 2i and 2i + 1 are the two to one prompt.

    std_d² = Σ (r_d(y) − r_d(y'))² / 2 over the M prompts of a step whose ξ has preference d, divided by M: the pooled
    variance within prompts. The step is that of all processes together.
    """

    def together(self, rewards, weights):
        pairs = rewards.view(-1, 2, rewards.shape[1])
        centred = (pairs - pairs.mean(dim=1, keepdim=True)).view_as(rewards)
        held = (weights > 0).float()
        own = [(centred * held).square().sum(0).tolist(), held.sum(0).tolist()]
        squares, answers = torch.tensor(gather_object([own])).sum(0)  # (d,) each, over all processes
        deviation = (squares / (answers / 2).clamp(min=1)).sqrt().clamp(min=1e-8)
        return weighted_mean(centred / deviation, weights)
