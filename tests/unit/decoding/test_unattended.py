"""Steps between two looks of the host give the answers that a look after every step gives."""

import random
from dataclasses import replace

import pytest
import torch
from module_controller import ModuleController
from tiny import ALL_LINEAR, ENDS, EOS, PAD, VOCABULARY, TinyController, random_adapter, tiny_model
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from mope.decoding.batch import Batch
from mope.decoding.loop import BatchDecoder, decode
from mope.decoding.mixers import logit, probability
from mope.decoding.mixers.arithmetic import Arithmetic
from mope.decoding.mixers.logit import Logit
from mope.decoding.mixers.probability import Probability
from mope.decoding.request import Answer, Request
from mope.decoding.sampling import Ngrams, Sampling
from mope.decoding.step_controller import LlamaController
from mope.decoding.text_bans import TextBans
from mope.decoding.turn_ends import TurnEnds
from mope.decoding.unattended import UnattendedSteps
from mope.errors import MopeError
from mope.pools.adapters import AdapterPool

EXPERTS = 5


@pytest.fixture(scope="module")
def pool() -> AdapterPool:
    model = tiny_model(0)
    return AdapterPool(model, {f"e{i}": random_adapter(model, i, names=ALL_LINEAR) for i in range(EXPERTS)})


@pytest.fixture(scope="module")
def controller() -> LlamaController:
    made = TinyController(3, EXPERTS)
    return LlamaController(made.model, made.head)


def random_requests(seed: int, count: int) -> list[Request]:
    """One to three experts each, with a prompt of their own or one for all, and lengths of their own."""
    rng, found = random.Random(seed), []
    for number in range(count):
        experts = rng.sample(range(EXPERTS), rng.choice([1, 2, 3]))
        texts = [[rng.randrange(2, VOCABULARY) for _ in range(rng.randrange(1, 12))] for _ in range(4)]
        prompts = texts[: len(experts)] if rng.random() < 0.5 else [texts[0]] * len(experts)
        longest = rng.randrange(1, 22)
        least = rng.choice([0, 0, min(3, longest)])
        found.append(Request(experts, prompts, texts[3], None, longest, least, seed=number))
    return found


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=0),
        Sampling(temperature=0, no_repeat_ngram=2),
        Sampling(temperature=0.8, top_k=20, top_p=0.9, no_repeat_ngram=3),
        Sampling(expert_temperature=0.7, no_repeat_ngram=1),
    ],
)
@pytest.mark.parametrize("look_every", [2, 5, 64])
def test_answers_and_records_are_the_same(sampling, look_every, pool, controller) -> None:
    requests, ends = random_requests(look_every, 16), TurnEnds((EOS, 7), PAD)

    def answers(every: int):
        return decode(
            pool, Probability(), requests, sampling, ends, controller, True, 3, batch_size=9, look_every=every
        )

    usual, unattended = answers(1), answers(look_every)
    assert [answer.tokens for answer in unattended] == [answer.tokens for answer in usual]
    assert [answer.finish_reason for answer in unattended] == [answer.finish_reason for answer in usual]
    for one, other in zip(usual, unattended, strict=True):
        for name in ("alphas", "logprob", "expert_logprobs"):
            torch.testing.assert_close(getattr(other, name), getattr(one, name), atol=1e-4, rtol=1e-4)
    assert len({len(answer.tokens) for answer in usual}) > 4  # they end at different steps, so rows leave


def test_without_a_controller(pool) -> None:
    requests = random_requests(3, 8)
    first, second = (
        [a.tokens for a in decode(pool, Probability(), requests, Sampling(), ENDS, look_every=every)]
        for every in (1, 4)
    )
    assert first == second


def test_who_must_be_looked_after_is_refused(pool) -> None:
    module = ModuleController(TinyController(3, EXPERTS))
    options = {"sampling": Sampling(), "ends": ENDS, "look_every": 4}
    requests = random_requests(1, 2)
    with pytest.raises(MopeError, match="look_every: 4 found"):
        decode(pool, Probability(), requests, controller=module, **options)
    with pytest.raises(MopeError, match="look_every: 4 found"):
        decode(pool, Probability(), requests, on_token=print, **options)


class NothingAsked(TorchDispatchMode):
    """Refuses what waits for a GPU or copies to it from the host: a CUDA graph can hold none of it."""

    ASKING = (
        "nonzero",
        "masked_select",
        "_unique2",
        "unique_consecutive",
        "lift_fresh",
        "equal",
    )

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.__name__.split(".")[0]
        masks = [t for t in args[1] if t is not None] if name in ("index", "index_put", "index_put_") else []
        if name in self.ASKING or any(mask.dtype == torch.bool for mask in masks):
            raise AssertionError(f"{func} asks for what a tensor holds")
        return func(*args, **(kwargs or {}))


@torch.inference_mode()
@pytest.mark.parametrize("mixer", [Probability(), Logit(), Arithmetic(base=0)])
@pytest.mark.parametrize("even", [True, False])
def test_a_step_asks_nothing_of_the_device(mixer, even, pool, controller, monkeypatch) -> None:
    """As on a GPU, where `may_wait` says no."""
    for module in (logit, probability):
        monkeypatch.setattr(module, "may_wait", lambda logprobs: False)
    requests = [replace(r, max_new_tokens=9, min_new_tokens=2) for r in random_requests(2, 12)]
    requests = [r for r in requests if len(r.experts) == 3] if even else requests
    sampling = Sampling(temperature=0.8, expert_temperature=0.9, top_k=20, top_p=0.9, no_repeat_ngram=3)
    batch = Batch(pool, mixer, requests, controller, sampling.expert_temperature)
    run = BatchDecoder(batch, sampling, ENDS, [Answer() for _ in requests], True, 3)
    steps = UnattendedSteps(run)
    steps._eager()  # the first one makes tables of positions
    with NothingAsked():
        steps._eager()
    assert steps.at.item() == 2 and batch.even == even
    with FakeTensorMode(allow_non_fake_inputs=True):  # tensors that hold nothing
        steps._eager()


@torch.inference_mode()
def test_a_mixer_that_asks_is_found_out(pool) -> None:
    """On a CPU they do, and the checks above see it."""
    requests = [request for request in random_requests(2, 6) if len(request.experts) > 1]
    batch = Batch(pool, Probability(), requests, None)
    with pytest.raises(DataDependentOutputException), FakeTensorMode(allow_non_fake_inputs=True):
        batch.mixture()
    with pytest.raises(AssertionError, match="asks for what a tensor holds"), NothingAsked():
        batch.logprobs[batch.logprobs > 0]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_bans_are_those_of_the_host(size: int) -> None:
    rng = random.Random(size)
    prompts = [[[rng.randrange(4) for _ in range(rng.randrange(1, 9))] for _ in range(2)] for _ in range(6)]
    requests = [Request([0, 1], own) for own in prompts]
    steps, vocabulary = 12, 5
    bans = TextBans(requests, size, [], steps, vocabulary, "cpu")
    host = [Ngrams(size, own) for own in prompts]
    index = torch.arange(len(requests))
    for step in range(steps):
        at = torch.tensor([step])
        found = [row.nonzero()[:, 0].tolist() for row in bans.repeating(at)]
        assert found == [each.banned() for each in host]
        tokens = [rng.randrange(vocabulary) for _ in requests]
        bans.append(index, at, torch.tensor(tokens))
        for each, token in zip(host, tokens, strict=True):
            each.append(token)
