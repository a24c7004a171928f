"""REBEL against a hand-computed example, finite differences, and the algebra of its optimum."""

import math

import pytest
import torch

from mope.controller.mixture_logprobs import answer_logprobs, token_logprobs
from mope.controller.objectives.rebel import rebel_loss


def test_token_logprobs_by_hand():
    logits = torch.tensor([[[0.0, math.log(3.0)]]])  # weights 1/4, 3/4
    experts = torch.log(torch.tensor([[[0.2, 0.6]]]))
    assert token_logprobs(logits, experts).item() == pytest.approx(math.log(0.25 * 0.2 + 0.75 * 0.6))


def test_an_expert_without_mass_takes_no_part():
    experts = torch.tensor([[[-math.inf, math.log(0.5)]]])
    assert token_logprobs(torch.zeros(1, 1, 2), experts).item() == pytest.approx(math.log(0.25))


def test_softmax_over_xi_equals_masked_softmax_over_all_experts():
    torch.manual_seed(0)
    every, xi = torch.randn(5, 7, 6), torch.tensor([0, 3, 4])
    masked = torch.full_like(every, -math.inf)
    masked[..., xi] = every[..., xi]
    assert torch.allclose(masked.softmax(-1)[..., xi], every[..., xi].softmax(-1))


def test_logit_space_by_hand():
    """Two experts over the tokens y, u, v: π ∝ p_1^α_1 · p_2^α_2, whatever the order of u and v."""
    logits = torch.tensor([[[0.0, math.log(3.0)]]])  # weights 1/4, 3/4
    one, two = (0.2, 0.5, 0.3), (0.6, 0.1, 0.3)
    powers = [a**0.25 * b**0.75 for a, b in zip(one, two)]
    chosen, u, v = (torch.log(torch.tensor(pair)) for pair in zip(one, two))
    for rest in ([u, v], [v, u]):
        found = token_logprobs(logits, chosen.view(1, 1, 2), torch.stack(rest).view(1, 1, 2, 2))
        assert found.item() == pytest.approx(math.log(powers[0] / sum(powers)), abs=1e-6)


def test_a_token_without_mass_for_one_expert_has_none_in_logit_space_and_a_finite_gradient():
    logits = torch.zeros(1, 1, 2, requires_grad=True)
    chosen = torch.log(torch.tensor([[[0.5, 0.25]]]))
    rest = torch.log(torch.tensor([[[[0.5, 0.0], [0.0, 0.75]]]]))
    found = token_logprobs(logits, chosen, rest)
    assert found.item() == pytest.approx(0.0, abs=1e-6)  # y alone has mass for both
    found.sum().backward()
    assert logits.grad.isfinite().all()


def test_padding_does_not_count():
    logits, experts = torch.zeros(1, 3, 2), torch.log(torch.full((1, 3, 2), 0.5))
    present = torch.tensor([[True, True, False]])
    assert answer_logprobs(logits, experts, present).item() == pytest.approx(2 * math.log(0.5))


def test_loss_by_hand():
    # Prompt 1: log-ratios 0.3 and -0.1, rewards 0.9 and 0.4; prompt 2: log-ratios 0 and 0, rewards 0.2 and 0.6; eta 2.
    logprob = torch.tensor([[-1.7, -2.1], [-1.0, -3.0]])
    old = torch.tensor([[-2.0, -2.0], [-1.0, -3.0]])
    reward = torch.tensor([[0.9, 0.4], [0.2, 0.6]])
    expected = ((0.4 / 2 - 0.5) ** 2 + (0.0 - (-0.4)) ** 2) / 2
    loss, ratio = rebel_loss(logprob, old, reward, eta=2.0)
    assert loss.item() == pytest.approx(expected)
    assert torch.allclose(ratio, torch.tensor([[0.3, -0.1], [0.0, 0.0]]), atol=1e-6)


def test_loss_vanishes_where_the_log_ratio_is_eta_times_the_reward_gap():
    reward = torch.rand(4, 2, dtype=torch.float64)
    old = torch.randn(4, 2, dtype=torch.float64)
    for eta in (1.0, 10.0, 100.0):
        loss, _ = rebel_loss(old + eta * reward, old, reward, eta)
        assert loss.item() == pytest.approx(0.0, abs=1e-20)


def test_gradient_against_finite_differences():
    torch.manual_seed(1)
    logits = torch.randn(4, 5, 3, dtype=torch.float64, requires_grad=True)
    experts = torch.log_softmax(torch.randn(4, 5, 3, dtype=torch.float64), dim=-1)
    present = torch.rand(4, 5) < 0.8
    old, reward = torch.randn(2, 2, dtype=torch.float64), torch.rand(2, 2, dtype=torch.float64)

    def loss(values: torch.Tensor) -> torch.Tensor:
        return rebel_loss(answer_logprobs(values, experts, present).view(2, 2), old, reward, eta=10.0)[0]

    assert torch.autograd.gradcheck(loss, (logits,), eps=1e-6, atol=1e-7)
