"""An answer depends on its request alone: the same tokens alone, offline, and in a crowd that comes and goes."""

import functools

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import ENDS, EOS, VOCABULARY, TinyController, random_adapter, tiny_model

from mope.decoding.loop import decode
from mope.decoding.mixers.arithmetic import Arithmetic
from mope.decoding.mixers.logit import Logit
from mope.decoding.mixers.probability import Probability
from mope.decoding.request import Request
from mope.decoding.sampling import Sampling
from mope.decoding.step_controller import ConstantLogits, LlamaController
from mope.pools.adapters import BASE, AdapterPool
from mope.serve.job import Job
from mope.serve.prompt_parts import prefill_jobs
from mope.serve.running_batch import RunningBatch

MIXERS = {"probability": Probability(), "logit": Logit(), "arithmetic": Arithmetic(3, 0.6)}
SAMPLINGS = [
    Sampling(temperature=0),
    Sampling(temperature=0.8),
    Sampling(temperature=1.0, top_p=0.7),
    Sampling(temperature=0, no_repeat_ngram=2),
]
IDS = st.lists(st.integers(2, VOCABULARY - 1), min_size=1, max_size=20)


@functools.cache
def pool() -> AdapterPool:
    base = tiny_model(0)
    return AdapterPool(base, {**{f"e{i}": random_adapter(base, i + 1) for i in range(3)}, "base": BASE})


@functools.cache
def controllers() -> dict:
    body = TinyController(7, 3)
    table = ConstantLogits(torch.randn(4, 3, generator=torch.Generator().manual_seed(2)))
    return {"none": None, "text": LlamaController(body.model, body.head), "constant": table}


@st.composite
def asked(draw) -> dict:
    """A request, its mixer, controller and sampling, and the step at which it arrives (and is cancelled)."""
    mixer = draw(st.sampled_from(sorted(MIXERS)))
    controller = "none" if mixer == "arithmetic" else draw(st.sampled_from(["none", "text", "constant"]))
    experts = draw(st.permutations([0, 1, 2]))[: draw(st.integers(1, 3))]
    experts = [*experts, 3] if mixer == "arithmetic" else experts
    ids = draw(IDS) if controller == "text" else [draw(st.integers(0, 3))] if controller == "constant" else None
    weights = None
    if controller == "none" and draw(st.booleans()):
        weights = [draw(st.sampled_from([0.2, 0.5, 0.9])) for _ in experts]
    request = Request(
        experts,
        [draw(IDS) for _ in experts],
        controller_ids=ids,
        weights=weights,
        max_new_tokens=draw(st.integers(1, 12)),
        min_new_tokens=draw(st.integers(0, 1)),
        seed=draw(st.integers(0, 5)),
    )
    return {
        "request": request,
        "mixer": MIXERS[mixer],
        "controller": controllers()[controller],
        "sampling": draw(st.sampled_from(SAMPLINGS)),
        "arrives": draw(st.integers(0, 10)),
        "leaves": draw(st.sampled_from([None, None, None, 1, 4])),
    }


def offline(one: dict) -> list[int]:
    [answer] = decode(pool(), one["mixer"], [one["request"]], one["sampling"], ENDS, one["controller"])
    return answer.tokens


def job_of(one: dict) -> Job:
    def on_token(found, reason) -> bool:
        return len(job.tokens) != one["leaves"]

    def on_error(error) -> None:
        raise error

    parts = {key: one[key] for key in ("request", "mixer", "controller", "sampling")}
    job = Job(pool(), on_token=on_token, on_error=on_error, **parts)
    return job


@torch.inference_mode()
def crowd(several: list[dict], most: int | None) -> list[list[int]]:
    """The tokens of all, each of which joins the running batch at its step."""
    batch, jobs = RunningBatch(pool(), [EOS]), [job_of(one) for one in several]
    for step in range(30):
        new = [job for job, one in zip(jobs, several) if one["arrives"] == step]
        if new:
            *pauses, prefilled = prefill_jobs(pool(), new, most)
            assert set(pauses) <= {None}
            batch.join(prefilled)
        if batch.jobs:
            batch.step()
    assert not batch.jobs
    return [job.tokens for job in jobs]


@settings(max_examples=40)
@given(several=st.lists(asked(), min_size=1, max_size=7), most=st.sampled_from([None, 8, 48]))
def test_an_answer_depends_on_its_request_alone(several: list[dict], most: int | None) -> None:
    for one, found in zip(several, crowd(several, most)):
        assert found == offline(one)[: one["leaves"]]


def test_emphasis_multiplies_the_weights_of_a_controller() -> None:
    table = ConstantLogits(torch.tensor([[0.2, 0.3, 0.5]]).log())
    request = Request([0, 2], [[5], [5]], controller_ids=[0], max_new_tokens=1)
    got = []
    job = Job(
        pool(), request, Probability(), Sampling(temperature=0), lambda token, reason: got.append(token), print, table,
        [1.0, 0.2], top=3,
    )  # fmt: skip
    with torch.inference_mode():
        batch = RunningBatch(pool(), [EOS])
        batch.join(*prefill_jobs(pool(), [job]))
        batch.step()
    [token] = got
    torch.testing.assert_close(token.alphas, [2 / 3, 1 / 3])
    assert token.top[0] == (token.token, token.logprob) and len(token.top) == 3
    assert not batch.jobs
