"""Each step ends in its own way, and none takes another with it."""

import os
import time
from collections.abc import Iterator

import pytest
import torch

from mope.benchmark.gpu_check import check_shape, machine
from mope.benchmark.timed_steps import CannotRunError, Outcome, TimedStep, run_timed


def whole(count: int) -> Iterator[dict]:
    yield from ({"n": n} for n in range(count))


def endless() -> Iterator[dict]:
    yield {"n": 0}
    time.sleep(60)


def raising() -> Iterator[dict]:
    yield {"n": 0}
    raise RuntimeError("out of memory\nand more lines")


def killed() -> Iterator[dict]:
    yield {"n": 0}
    os._exit(7)


def impossible() -> Iterator[dict]:
    raise CannotRunError("not installed: trl")
    yield {}


def outcomes(steps: list[TimedStep], limit: float = 60, fresh: bool = False) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for name, outcome in run_timed(steps, limit, fresh):
        found.setdefault(name, []).append(outcome)
    return found


def test_every_end_is_told_with_the_records_before_it() -> None:
    begun = time.monotonic()
    functions = {"endless": endless, "raising": raising, "killed": killed, "impossible": impossible}
    steps = [TimedStep(name, 1.0 if name == "endless" else 30, records) for name, records in functions.items()]
    found = outcomes([*steps, TimedStep("whole", 30, whole, (3,))])
    assert time.monotonic() - begun < 120
    last = {name: each[-1] for name, each in found.items()}
    assert {name: outcome.status for name, outcome in last.items()} == {
        "endless": "cut",
        "raising": "failed",
        "killed": "failed",
        "impossible": "skipped",
        "whole": "done",
    }
    assert [len(outcome.records) for outcome in last.values()] == [1, 1, 1, 0, 3]
    assert last["raising"].reason == "RuntimeError: out of memory"
    assert last["killed"].reason == "its process ended with status 7"
    assert last["impossible"].reason == "not installed: trl"
    assert last["endless"].reason == "its limit of 1 s was reached" and last["endless"].seconds < 10
    assert [len(outcome.records) for outcome in found["whole"]] == [1, 2, 3, 3]


def test_the_whole_has_a_limit_too() -> None:
    steps = [TimedStep(name, 30, endless) for name in ("first", "second")]
    found = outcomes(steps, limit=1.0)
    assert found["first"][-1].status == "cut" and found["first"][-1].limit == pytest.approx(1.0, abs=0.1)
    assert found["second"] == [Outcome("cut", "no time was left for it", 0.0, 0.0, ())]


def test_a_process_can_be_started_anew() -> None:
    """As on a GPU: nothing of the parent's use of CUDA reaches it."""
    [record] = outcomes([TimedStep("machine", 120, machine, (check_shape("tiny"),))], fresh=True)["machine"][-1].records
    assert record["shape"] == "tiny" and record["torch"] == torch.__version__
