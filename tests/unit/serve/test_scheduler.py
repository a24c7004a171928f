"""The decoding thread: an answer that fails or whose client goes leaves the others alone."""

import itertools
import queue
import time
from collections.abc import Callable, Iterator

import pytest
import torch
from tiny import TinyController, random_adapter, tiny_model

from mope.decoding.mixers.probability import Probability
from mope.decoding.request import Request
from mope.decoding.sampling import Sampling
from mope.decoding.step_controller import LlamaController
from mope.engine.llama import Llama
from mope.pools.adapters import AdapterPool
from mope.serve import scheduler as scheduling
from mope.serve.job import Job
from mope.serve.scheduler import BusyError, EndingError, Scheduler
from mope.serve.server_limits import Limits

ENDLESS = 10**6


@pytest.fixture(scope="module")
def pool() -> AdapterPool:
    base = tiny_model(0)
    return AdapterPool(base, {"e0": random_adapter(base, 1)})


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    scheduler = Scheduler([ENDLESS], Limits(queue=8, together=4, prefill_tokens=8))
    yield scheduler
    scheduler.stop()


def job_of(
    pool: AdapterPool,
    told: queue.Queue,
    prompt: list[int],
    tokens: int = 4,
    seed: int = 0,
    listen: Callable[[], None] | None = None,
    controller: LlamaController | None = None,
) -> Job:
    """A job that tells its tokens when it has ended, or its error. Its controller reads what its expert reads."""
    own = []

    def on_token(found, reason) -> bool:
        own.append(found.token)
        if listen:
            listen()
        if reason:
            told.put((seed, own))
        return True

    read = None if controller is None else prompt
    request = Request([0], [prompt], controller_ids=read, max_new_tokens=tokens, seed=seed)
    return Job(pool, request, Probability(), Sampling(), on_token, lambda error: told.put((seed, error)), controller)


def test_an_error_ends_only_the_answers_that_cause_it(
    pool: AdapterPool, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One fails while a token is chosen, one while it is told, one while its prompt is read."""
    told = queue.Queue()
    chosen = RuntimeError("this draw fails")

    class Broken:
        def __getitem__(self, place: int) -> float:
            raise chosen

    def deaf() -> None:
        raise RuntimeError("nobody listens")

    prompts = [[5, 6], [7], [8, 9], [ENDLESS], [4]]
    jobs = [job_of(pool, told, prompt, seed=seed) for seed, prompt in enumerate(prompts)]
    jobs[1].uniform = Broken()
    jobs[2] = job_of(pool, told, prompts[2], seed=2, listen=deaf)
    for job in jobs:
        job.sampling = jobs[0].sampling
        job.mixer = jobs[0].mixer
    scheduler.submit(*jobs)
    ends = dict(told.get(timeout=300) for _ in jobs)
    assert [isinstance(ends[seed], Exception) for seed in range(5)] == [False, True, True, True, False]
    assert len(ends[0]) == len(ends[4]) == 4
    assert scheduler.counts()["running"] == 0


def waited_for(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("still waiting")


def test_who_leaves_gives_the_place_in_the_queue_up(pool: AdapterPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "prefill_jobs", lambda *_: itertools.repeat(None))  # whose prompt never ends
    scheduler, told = Scheduler([ENDLESS], Limits(queue=2, together=1)), queue.Queue()
    read, *waiting, late = [job_of(pool, told, [5]) for _ in range(4)]
    try:
        scheduler.submit(read)
        waited_for(lambda: scheduler.counts()["running"] == 1)
        scheduler.submit(*waiting)
        with pytest.raises(BusyError):
            scheduler.submit(late)
        scheduler.leave(waiting[0])
        scheduler.submit(late)
        assert list(scheduler.waiting) == [waiting[1], late]
    finally:
        scheduler.stop()


def test_prompts_that_nobody_waits_for_are_not_read_on(pool: AdapterPool, monkeypatch: pytest.MonkeyPatch) -> None:
    endless, own = [itertools.repeat(None)], scheduling.prefill_jobs
    monkeypatch.setattr(scheduling, "prefill_jobs", lambda *asked: endless.pop() if endless else own(*asked))
    scheduler, told = Scheduler([ENDLESS], Limits()), queue.Queue()
    gone, stays = job_of(pool, told, [5]), job_of(pool, told, [6], seed=1)
    try:
        scheduler.submit(gone)
        waited_for(lambda: scheduler.counts()["running"] == 1)
        scheduler.submit(stays)
        scheduler.leave(gone)
        assert told.get(timeout=300)[0] == 1
        waited_for(lambda: scheduler.counts()["running"] == 0)
    finally:
        scheduler.stop()


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """The parts of prompts that models read, as they come: a step reads one token of each row, a part 8 or more."""
    read, forward = [], Llama.forward

    def noted(llama: Llama, tokens: torch.Tensor, *rest) -> torch.Tensor:
        if tokens.shape[1] > 1:
            read.append(tokens)
        return forward(llama, tokens, *rest)

    monkeypatch.setattr(Llama, "forward", noted)
    return read


def test_between_two_tokens_of_an_answer_few_of_prompts_are_read(pool: AdapterPool, parts: list[torch.Tensor]) -> None:
    most, told, before = 32, queue.Queue(), []
    body = TinyController(7, 1)
    controller = LlamaController(body.model, body.head)

    def listen() -> None:
        before.append(sum(part.numel() for part in parts))
        parts.clear()

    scheduler = Scheduler([ENDLESS], Limits(prefill_tokens=most))
    try:
        scheduler.submit(job_of(pool, told, [5], tokens=10_000, seed=99, listen=listen))
        waited_for(lambda: len(before) > 1)
        lengths = [50, 3, 20, 3, 3, 3, 3, 70]
        prompts = [[10 + place] * length for place, length in enumerate(lengths)]
        guides = [controller, None] * 4
        scheduler.submit(
            *(
                job_of(pool, told, prompt, seed=seed, controller=guide)
                for seed, (prompt, guide) in enumerate(zip(prompts, guides))
            )
        )
        assert sorted(told.get(timeout=300)[0] for _ in prompts) == list(range(len(prompts)))
    finally:
        scheduler.stop()
    assert max(before) == most and sum(before) >= sum(lengths)
    assert sum(count > 0 for count in before) < sum(
        -(-length // 8) for length in lengths
    )  # short ones are read together


def test_who_leaves_while_a_prompt_is_read_takes_it_along(
    pool: AdapterPool, parts: list[torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, scheduler = queue.Queue(), Scheduler([ENDLESS], Limits(prefill_tokens=8))
    jobs = [job_of(pool, told, [10 + seed] * 80, seed=seed) for seed in range(3)]
    noted = Llama.forward

    def leaving(llama: Llama, tokens: torch.Tensor, *rest) -> torch.Tensor:
        if len(parts) == 3:
            scheduler.leave(jobs[0])
        return noted(llama, tokens, *rest)

    monkeypatch.setattr(Llama, "forward", leaving)
    try:
        scheduler.submit(*jobs)
        ends = dict(told.get(timeout=300) for _ in jobs[1:])
    finally:
        scheduler.stop()
    assert sorted(ends) == [1, 2] and all(len(tokens) == 4 for tokens in ends.values())
    assert [sum(int((part == 10 + seed).sum()) for part in parts) for seed in range(3)] == [32, 80, 80]
    assert scheduler.counts()["joined"] == 2 and not jobs[0].tokens


def test_at_the_end_everybody_is_told(pool: AdapterPool) -> None:
    scheduler, told = Scheduler([ENDLESS], Limits(together=2)), queue.Queue()
    jobs = [job_of(pool, told, [5], tokens=400, seed=seed, listen=lambda: time.sleep(0.01)) for seed in range(4)]
    scheduler.submit(*jobs)
    waited_for(lambda: scheduler.counts()["running"] == 2)
    scheduler.stop()
    ends = [told.get_nowait() for _ in jobs]
    assert sorted(seed for seed, _ in ends) == [0, 1, 2, 3]
    assert all(isinstance(error, EndingError) for _, error in ends)
    with pytest.raises(EndingError):
        scheduler.submit(job_of(pool, told, [5]))
