"""Sampling settings against their definitions and against transformers' processors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.generation import NoRepeatNGramLogitsProcessor, TopKLogitsWarper, TopPLogitsWarper

from mope.decoding.loop import allowed_batch_size
from mope.decoding.sampling import Ngrams, Sampling, draw_tokens, invert, nucleus, uniforms


def naive_invert(probs: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    probs = probs.double()
    return (probs.cumsum(1) > uniform[:, None] * probs.sum(1, keepdim=True)).int().argmax(1)


@given(seed=st.integers(0, 10**6), size=st.sampled_from([3, 64, 65, 200, 4096]))
@settings(max_examples=40)
def test_inversion_equals_the_naive_cumulated_sum(seed, size):
    generator = torch.Generator().manual_seed(seed)
    probs = (torch.randn(20, size, generator=generator) * 4).softmax(-1)
    probs[torch.rand(20, size, generator=generator) < 0.3] = 0
    probs[:, -1] += 0.1
    uniform = torch.rand(20, generator=generator, dtype=torch.float64)
    got = invert(probs, uniform)
    assert torch.equal(got, naive_invert(probs, uniform))
    assert (probs.gather(1, got[:, None]) > 0).all()


@pytest.mark.parametrize("uniform", [0.0, 1 - 2**-53])
def test_extreme_draws_hit_tokens_with_mass(uniform):
    probs = torch.zeros(1, 300)
    probs[0, [70, 200, 201]] = torch.tensor([0.1, 0.7, 0.2])
    token = invert(probs, torch.tensor([uniform], dtype=torch.float64)).item()
    assert token == (70 if uniform == 0 else 201)


def test_uniforms_do_not_depend_on_how_many_are_drawn():
    assert np.array_equal(uniforms(3, 10), uniforms(3, 500)[:10])
    assert not np.array_equal(uniforms(3, 10), uniforms(4, 10))


@pytest.mark.parametrize("temperature", [1e-320, 1e-39, 1e-10])
def test_a_temperature_near_zero_is_greedy(temperature):
    logprobs = torch.randn(8, 300, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    uniform = torch.linspace(0, 0.999, 8, dtype=torch.float64)
    got = draw_tokens(logprobs, Sampling(temperature=temperature, top_p=0.9, top_k=5), uniform)
    assert torch.equal(got, logprobs.argmax(-1))


@pytest.mark.parametrize("top_p", [0.1, 0.5, 0.9, 0.999])
def test_nucleus_equals_transformers(top_p):
    scores = torch.randn(50, 40, generator=torch.Generator().manual_seed(0)) * 2
    assert torch.equal(nucleus(scores, top_p), TopPLogitsWarper(top_p)(None, scores))


def test_order_is_temperature_top_k_top_p():
    scores = (torch.randn(200, 40, generator=torch.Generator().manual_seed(0)) * 2).log_softmax(-1)
    uniform = torch.rand(200, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    warped = TopPLogitsWarper(0.8)(None, TopKLogitsWarper(7)(None, scores / 0.6))
    got = draw_tokens(scores, Sampling(temperature=0.6, top_p=0.8, top_k=7), uniform)
    assert torch.equal(got, naive_invert(warped.softmax(-1), uniform))


def test_temperature_zero_is_greedy():
    scores = torch.tensor([[0.1, 0.5, 0.4]]).log()
    assert draw_tokens(scores, Sampling(temperature=0), torch.tensor([0.99])).tolist() == [1]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(1, 30), st.integers(1, 4))
@settings(max_examples=100)
def test_banned_ngrams_equal_transformers(text, cut, size):
    cut = min(cut, len(text))
    ngrams = Ngrams(size, [text[:cut]])
    for token in text[cut:]:
        ngrams.append(token)
    scores = NoRepeatNGramLogitsProcessor(size)(torch.tensor([text]), torch.zeros(1, 4))
    assert ngrams.banned() == (scores[0] == float("-inf")).nonzero()[:, 0].tolist()


def test_ngrams_of_every_prompt_are_banned():
    ngrams = Ngrams(2, [[5, 6], [5, 7]])
    ngrams.append(5)
    assert ngrams.banned() == [6, 7]


@given(st.integers(1, 200), st.data())
def test_batch_sizes_on_the_way_down(start, data):
    count = data.draw(st.integers(1, start))
    size = allowed_batch_size(count, start)
    assert count <= size <= max(2 * count, count + start // 8)
    assert len({allowed_batch_size(n, start) for n in range(1, start + 1)}) <= 16 + start.bit_length()
