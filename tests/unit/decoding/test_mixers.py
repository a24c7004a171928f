"""Mixers against their formulas written out in probabilities, with zero mass, truncation and absent experts."""

from pathlib import Path

import pytest
import torch
from howto_page import code_blocks
from hypothesis import given, settings
from hypothesis import strategies as st

from mope.decoding.mixers import logit, probability
from mope.decoding.mixers.arithmetic import Arithmetic, strengths
from mope.decoding.mixers.logit import Logit
from mope.decoding.mixers.probability import Probability
from mope.decoding.mixers.truncated import Truncated, truncate

EVERYONE = torch.ones(1, 3, dtype=torch.bool)


def distributions(seed: int, experts: int = 3, size: int = 7) -> torch.Tensor:
    logits = torch.randn(1, experts, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 3
    return logits.log_softmax(-1)


def simplex(seed: int, experts: int = 3) -> torch.Tensor:
    return torch.rand(1, experts, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).softmax(-1)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=40)
def test_formulas(seed):
    logp, w = distributions(seed), simplex(seed)
    p = logp.exp()
    torch.testing.assert_close(Probability().mix(logp, w, None).exp(), (w[..., None] * p).sum(1))
    geometric = (p ** w[..., None]).prod(1)
    torch.testing.assert_close(Logit().mix(logp, w, None).exp(), geometric / geometric.sum())
    mixer = Arithmetic(base=5)
    powers = mixer.weights(torch.tensor([[2, 4, 5]]), EVERYONE, torch.tensor([[0.7, 1.5, 9.0]], dtype=torch.float64))
    form = p[:, 2] * (p[:, 0] / p[:, 2]) ** 0.7 * (p[:, 1] / p[:, 2]) ** 1.5
    torch.testing.assert_close(mixer.mix(logp, powers, None).exp(), form / form.sum())


@pytest.mark.parametrize("mixer", [Probability(), Logit()])
@given(seed=st.integers(0, 10**6))
@settings(max_examples=20)
def test_absent_expert_is_as_if_never_listed(mixer, seed):
    logp, w = distributions(seed), simplex(seed)
    w = w.clone()
    w[:, 1] = 0
    w /= w.sum()
    present = torch.tensor([[True, False, True]])
    nonsense = logp.clone()
    nonsense[:, 1] = float("nan")
    got = mixer.mix(nonsense, w, present)
    torch.testing.assert_close(got, mixer.mix(logp[:, [0, 2]], w[:, [0, 2]], None))


def test_default_weights_are_uniform_over_the_present():
    weights = Probability().weights(
        torch.zeros(2, 3, dtype=torch.long), torch.tensor([[1, 1, 1], [1, 0, 1]]).bool(), None
    )
    torch.testing.assert_close(weights, torch.tensor([[1 / 3, 1 / 3, 1 / 3], [0.5, 0.0, 0.5]]))


def test_arithmetic_powers_sum_to_one():
    experts = torch.tensor([[0, 3, 5]])
    powers = Arithmetic(base=5, strength=1.0).weights(experts, EVERYONE, None)
    assert powers.tolist() == [[1.0, 1.0, -1.0]]


def test_zero_mass():
    none = float("-inf")
    logp = torch.tensor([[[0.5, 0.5, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0]]]).log()
    half = torch.tensor([[0.5, 0.5]])
    torch.testing.assert_close(Probability().mix(logp, half, None).exp(), torch.tensor([[0.25, 0.5, 0.25, 0.0]]))
    assert Logit().mix(logp, half, None).tolist() == [[none, 0.0, none, none]]
    # The expert of weight zero has no say, not even through its zeros.
    torch.testing.assert_close(Logit().mix(logp, torch.tensor([[1.0, 0.0]]), None).exp(), logp[:, 0].exp())
    torch.testing.assert_close(Probability().mix(logp, torch.tensor([[1.0, 0.0]]), None).exp(), logp[:, 0].exp())
    # Base (column 1) without mass at token 0, power -1: no infinite ratio.
    assert Arithmetic(base=1).mix(logp, torch.tensor([[2.0, -1.0]]), None).tolist() == [[none, 0.0, none, none]]


def test_disjoint_supports_fall_back_to_probability_mixing():
    logp = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.5], [0.5, 0.5]]]).log()
    got = Logit().mix(logp, torch.tensor([[0.25, 0.75], [0.25, 0.75]]), None).exp()
    torch.testing.assert_close(got, torch.tensor([[0.25, 0.75], [0.5, 0.5]]))


def test_far_below_the_smallest_float_the_order_survives():
    logp = torch.tensor([[[0.0, -300.0, -400.0], [0.0, -301.0, -401.0]]])
    got = Probability().mix(logp, torch.tensor([[0.5, 0.5]]), None)
    assert got[0, 1].item() == pytest.approx(-300 + torch.tensor(0.5 + 0.5 * torch.e**-1).log().item(), abs=1e-3)


def test_truncate():
    got = truncate(torch.tensor([0.5, 0.1, 0.3, 0.1]).log(), 2).exp()
    torch.testing.assert_close(got, torch.tensor([0.625, 0.0, 0.375, 0.0]))


def test_truncated_experts():
    logp, w = distributions(5), simplex(5)
    for mixer in (Probability(), Logit()):
        torch.testing.assert_close(Truncated(mixer, 7).mix(logp, w, None), mixer.mix(logp, w, None))
        torch.testing.assert_close(Truncated(mixer, 99).mix(logp, w, None), mixer.mix(logp, w, None))
    got = Truncated(Probability(), 1).mix(logp, w, None).exp()
    expected = torch.zeros_like(got).index_add_(1, logp[0].argmax(-1), w)
    torch.testing.assert_close(got, expected)
    powers = Truncated(Arithmetic(base=5), 3).weights(torch.tensor([[0, 3, 5]]), EVERYONE, None)
    assert powers.tolist() == [[1.0, 1.0, -1.0]]


@pytest.mark.parametrize("mixer", [Probability(), Logit(), Arithmetic(base=0)])
@pytest.mark.parametrize("absent", [False, True])
def test_without_waiting_for_the_device_the_mixture_is_the_same(mixer, absent, monkeypatch):
    """As on a GPU; of three requests the second has no token that all experts allow."""
    logp = torch.cat([distributions(seed) for seed in range(3)])
    logp[1, 0, :4] = logp[1, 1, 4:] = float("-inf")
    experts, present = torch.tensor([[0, 1, 2]] * 3), torch.ones(3, 3, dtype=torch.bool)
    present[2, 2] = not absent
    weights = mixer.weights(experts, present, None)
    usual = mixer.mix(logp, weights, present if absent else None)
    for module in (logit, probability):
        monkeypatch.setattr(module, "may_wait", lambda logprobs: False)
    assert mixer.fixes
    torch.testing.assert_close(mixer.mix(logp, weights, present if absent else None), usual)


def test_the_power_mean_of_the_howto_page_is_its_formula(root: Path) -> None:
    """Exponent 1 is eq. 1."""
    page: dict = {"__name__": "power"}
    exec(code_blocks((root / "docs/howto/new_mixer.md").read_text())[0].text, page)
    logp, w = distributions(3), simplex(3)
    torch.testing.assert_close(page["PowerMean"](1.0).mix(logp, w, None), Probability().mix(logp, w, None))
    power = (w[..., None] * logp.exp() ** 0.5).sum(1) ** 2
    torch.testing.assert_close(page["PowerMean"](0.5).mix(logp, w, None).exp(), power / power.sum())


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=5), st.floats(0.1, 3))
def test_strengths_are_in_proportion_and_keep_their_mean(numbers: list[float], strength: float) -> None:
    weights = [number / sum(numbers) for number in numbers]
    found = strengths(weights, strength)
    assert sum(found) / len(found) == pytest.approx(strength)
    assert [value / found[0] for value in found] == pytest.approx([weight / weights[0] for weight in weights])


def test_a_rule_says_what_weights_of_preferences_are_in_a_request():
    weights = [0.5, 0.25, 0.25]
    assert logit.Logit().request_weights(weights) == weights
    assert Truncated(Arithmetic(base=3, strength=2.0), 5).request_weights(weights) == [3.0, 1.5, 1.5, 0.0]
