"""PPO's clipped objective by hand."""

import math

import pytest
import torch

from mope.controller.objectives.ppo import advantages, ppo_loss


def test_advantage_is_the_gap_to_the_other_answer_in_standard_deviations():
    reward = torch.tensor([[0.9, 0.4], [0.2, 0.2]])
    gap = torch.tensor([[0.5, -0.5], [0.0, 0.0]])
    assert torch.allclose(advantages(reward, reward), gap / gap.std())
    assert torch.equal(advantages(*[torch.full((2, 2), 0.3)] * 2), torch.zeros(2, 2))


def test_loss_by_hand():
    # Answer 1 (A = 1): ratios 1.5 (clipped to 1.2) and 0.5 (not clipped); answer 2 (A = -1): 1.5 (not), 0.5 (to 0.8).
    old = torch.zeros(2, 3)
    new = torch.tensor([[1.5, 0.5, 9.0], [1.5, 0.5, 9.0]]).log()
    present = torch.tensor([[True, True, False]] * 2)
    loss, ratio = ppo_loss(new, old, present, torch.tensor([[1.0, -1.0]]), clip=0.2)
    assert loss.item() == pytest.approx(-(1.2 + 0.5 - 1.5 - 0.8) / 4)
    assert ratio.tolist() == [pytest.approx([math.log(0.75)] * 2)]


def test_beyond_the_clip_there_is_no_gradient():
    new = torch.tensor([[1.5], [0.5]]).log().requires_grad_()
    present = torch.ones(2, 1, dtype=torch.bool)
    ppo_loss(new, torch.zeros(2, 1), present, torch.tensor([[1.0, -1.0]]), clip=0.2)[0].backward()
    assert torch.equal(new.grad, torch.zeros(2, 1))
