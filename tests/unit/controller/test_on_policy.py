"""REBEL is on-policy: its log-probabilities are those of the distribution that answers are drawn from.

Brute force over all answers of two tokens, by two experts over a vocabulary of three, at a temperature below one.
"""

import itertools

import pytest
import torch

from mope.controller.controller_settings import ControllerSettings
from mope.controller.mixture_logprobs import answer_logprobs
from mope.controller.objectives.rebel import rebel_loss
from mope.decoding.mixers.logit import Logit
from mope.decoding.mixers.probability import Probability
from mope.decoding.sampling import tempered

TEMPERATURE, ETA = 0.5, 10.0
VOCABULARY, LENGTH, EXPERTS = 3, 2, 2
ANSWERS = list(itertools.product(range(VOCABULARY), repeat=LENGTH))


@pytest.fixture
def experts() -> torch.Tensor:
    """Logits (LENGTH, EXPERTS, VOCABULARY), the same whatever was written before."""
    return 2 * torch.randn(LENGTH, EXPERTS, VOCABULARY, generator=torch.Generator().manual_seed(0)).double()


@pytest.fixture
def weights() -> torch.Tensor:
    """The controller's outputs (LENGTH, EXPERTS)."""
    return torch.randn(LENGTH, EXPERTS, generator=torch.Generator().manual_seed(1)).double().requires_grad_()


def settings(tempers: str) -> ControllerSettings:
    unused = dict.fromkeys(ControllerSettings.__dataclass_fields__)
    return ControllerSettings(**(unused | {"temperature": TEMPERATURE, "tempers": tempers}))


def drawn_from(tempers: str, experts: torch.Tensor, weights: torch.Tensor, mixer) -> tuple[torch.Tensor, torch.Tensor]:
    """Probability of every answer under the sampler (9,), and log p_i(y_t) of every answer as the loop records it."""
    sampling = settings(tempers).sampling()
    rows = tempered(experts.log_softmax(-1), sampling.expert_temperature)
    mixed = mixer.mix(rows, weights.softmax(-1), None)
    drawn = (mixed / sampling.temperature).softmax(-1)
    places = torch.arange(LENGTH)
    probability = torch.stack([drawn[places, list(y)].prod() for y in ANSWERS])
    return probability, torch.stack([rows[places, :, list(y)] for y in ANSWERS])


def log_policy(weights: torch.Tensor, recorded: torch.Tensor, rest: torch.Tensor | None = None) -> torch.Tensor:
    """log π_θ(y) of every answer, from the recorded numbers alone."""
    return answer_logprobs(
        weights.expand(len(ANSWERS), -1, -1), recorded, torch.ones(len(ANSWERS), LENGTH).bool(), rest
    )


@pytest.mark.parametrize("tempers", ["experts", "mixture"])
def test_log_probabilities_are_those_of_the_sampler_if_the_experts_are_tempered(tempers, experts, weights):
    probability, recorded = drawn_from(tempers, experts, weights, Probability())
    assert probability.sum().item() == pytest.approx(1.0)
    same = torch.allclose(log_policy(weights, recorded), probability.log(), atol=1e-12)
    assert same == (tempers == "experts")


def test_log_probabilities_in_logit_space_are_those_of_the_sampler(experts, weights):
    probability, recorded = drawn_from("experts", experts, weights, Logit())
    rows = tempered(experts.log_softmax(-1), TEMPERATURE).transpose(1, 2)  # (LENGTH, VOCABULARY, EXPERTS)
    others = [[[v for v in range(VOCABULARY) if v != token] for token in y] for y in ANSWERS]
    rest = torch.stack([torch.stack([rows[t, o] for t, o in enumerate(other)]) for other in others])
    torch.testing.assert_close(log_policy(weights, recorded, rest), probability.log(), atol=1e-10, rtol=0)


@pytest.mark.parametrize("tempers", ["experts", "mixture"])
def test_the_first_step_follows_the_gradient_of_the_mean_reward_if_on_policy(tempers, experts, weights):
    """E[∇ loss] = -(4/η) ∇ E[R] at π_θ = π_old, over all pairs of answers as they are drawn."""
    reward = torch.rand(len(ANSWERS), generator=torch.Generator().manual_seed(2)).double()
    probability, recorded = drawn_from(tempers, experts, weights, Probability())
    [policy_gradient] = torch.autograd.grad(probability @ reward, weights)
    logprob = log_policy(weights, recorded)
    expected = torch.zeros_like(weights)
    for one, other in itertools.product(range(len(ANSWERS)), repeat=2):
        pair = torch.tensor([[one, other]])
        loss, _ = rebel_loss(logprob[pair], logprob[pair].detach(), reward[pair], ETA)
        [gradient] = torch.autograd.grad(loss, weights, retain_graph=True)
        expected += (probability[one] * probability[other]).item() * gradient
    same = torch.allclose(expected, -4 / ETA * policy_gradient, atol=1e-10)
    assert same == (tempers == "experts")
