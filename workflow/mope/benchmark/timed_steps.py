"""Steps of a measurement, each in a process of its own with a time limit; records of a stopped one are kept."""

import contextlib
import gc
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from mope.errors import MopeError


class CannotRunError(MopeError):
    """A step that cannot run here, and why."""


@dataclass(frozen=True)
class TimedStep:
    """`records(*arguments)` yields mappings that JSON can hold; `limit` in seconds, the process's start included."""

    name: str
    limit: float
    records: Callable[..., Iterable[dict]]
    arguments: tuple = ()


@dataclass(frozen=True)
class Outcome:
    """`status`: running | done | cut (by its limit) | failed | skipped; `reason` says why it is not done."""

    status: str
    reason: str
    seconds: float
    limit: float
    records: tuple[dict, ...]


def run_timed(steps: Iterable[TimedStep], limit: float, fresh: bool) -> Iterator[tuple[str, Outcome]]:
    """Run the steps one after the other within `limit` seconds; yields (name, outcome so far) after each record.

    The last outcome of a step says how it ended. A step may take its own limit, but no more than is left of `limit`.
    `fresh`: each process starts anew, which CUDA needs once the parent has used it; else it is forked, which saves the
    imports.
    """
    start = time.monotonic()
    context = multiprocessing.get_context("spawn" if fresh else "fork")
    for step in steps:
        left = min(step.limit, limit - (time.monotonic() - start))
        if left <= 0:
            yield step.name, Outcome("cut", "no time was left for it", 0.0, 0.0, ())
            continue
        yield from ((step.name, outcome) for outcome in _outcomes(step, left, context))


def _outcomes(step: TimedStep, limit: float, context) -> Iterator[Outcome]:
    begun, records = time.monotonic(), []
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(step, theirs), daemon=False)
    process.start()
    theirs.close()

    def outcome(status: str, reason: str = "") -> Outcome:
        return Outcome(status, reason, round(time.monotonic() - begun, 2), round(limit, 2), tuple(records))

    try:
        while True:
            if not wait([ours], timeout=max(0.0, begun + limit - time.monotonic())):
                yield outcome("cut", f"its limit of {limit:.0f} s was reached")
                return
            try:
                kind, content = ours.recv()
            except EOFError:
                process.join()
                yield outcome("failed", f"its process ended with status {process.exitcode}")
                return
            if kind != "record":
                yield outcome(kind, content)
                return
            records.append(content)
            yield outcome("running")
    finally:
        with contextlib.suppress(ProcessLookupError):  # it has ended, or is not yet the first of its group
            os.killpg(process.pid, signal.SIGKILL)  # the group: with compilers that it has started
        process.kill()
        process.join()


def _tell(step: TimedStep, pipe: Connection) -> None:
    """In the step's own process: send every record, and how it ended."""
    os.setpgrp()
    gc.enable()  # `mope.runtime.cli` has turned it off for the imports of a process that was started anew
    try:
        for record in step.records(*step.arguments):
            pipe.send(("record", record))
        pipe.send(("done", ""))
    except CannotRunError as reason:
        pipe.send(("skipped", str(reason)))
    except Exception as error:  # whatever a device or a library raises: the next steps go on, and the report names it
        traceback.print_exc()
        pipe.send(("failed", f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:500]))
    pipe.close()
