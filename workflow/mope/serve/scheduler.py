"""The decoding thread. Between two steps of the running answers it reads a part of the prompts that wait."""

import collections
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from mope.decoding.request import check_request
from mope.serve.job import Job, fail_jobs
from mope.serve.prompt_parts import PrefilledJobs, prefill_jobs, tokens_read
from mope.serve.running_batch import RunningBatch
from mope.serve.server_limits import Limits


class BusyError(Exception):
    """The queue is full; there may be room again after `retry_after` seconds, an estimate."""

    def __init__(self, retry_after: int):
        super().__init__(f"too many requests wait; try again in {retry_after} s")
        self.retry_after = retry_after


class EndingError(Exception):
    """The server is being stopped."""

    def __init__(self):
        super().__init__("the server is being stopped")


@dataclass(frozen=True)
class PromptReading:
    """Jobs whose prompts are read together, and the iterator that reads one part at each step."""

    jobs: list[Job]
    parts: Iterator[PrefilledJobs | None]


class Scheduler:
    """Decodes jobs in one thread, first come, first served; any thread may call `submit`, `leave` and `counts`."""

    def __init__(self, ends: Sequence[int], limits: Limits):
        self.ends, self.limits = ends, limits
        self.waiting: collections.deque[Job] = collections.deque()
        self.batches: dict[int, RunningBatch] = {}  # by id of the pool
        self.reading: list[PromptReading] = []  # in turn: only the first is being read
        self.changed, self.stopping = threading.Condition(), False
        self.steps, self.joined, self.seconds = 0, 0, 1.0  # `seconds`: a running mean of how long an answer takes
        self.thread = threading.Thread(target=self._run, name="decode", daemon=True)
        self.thread.start()

    def submit(self, *jobs: Job) -> None:
        """Queue jobs, all or none; `BusyError` where there is no room, `MopeError` for what cannot be decoded.

        `EndingError` once no more are taken.
        """
        for number, job in enumerate(jobs):
            check_request(number, job.request, len(job.pool.names), job.controller is not None)
        with self.changed:
            if self.stopping:
                raise EndingError
            if len(self.waiting) + len(jobs) > self.limits.queue:
                share = len(self.waiting) / self.limits.together
                raise BusyError(max(1, round(share * self.seconds)))
            self.waiting.extend(jobs)
            self.changed.notify()

    def leave(self, job: Job) -> None:
        """End a job: it gives up its place in the queue, or its rows leave the batch before the next step."""
        job.cancelled = True
        with self.changed:
            if job in self.waiting:
                self.waiting.remove(job)

    def counts(self) -> dict[str, int]:
        """How many requests wait and run (their prompts included), steps so far, and jobs that have joined a batch."""
        return {
            "waiting": len(self.waiting),
            "running": self._under_way(),
            "steps": self.steps,
            "joined": self.joined,
        }

    def end(self) -> None:
        """Take no more jobs; after the current step all unfinished jobs get an `EndingError`. Does not wait."""
        with self.changed:
            self.stopping = True
            self.changed.notify()

    def stop(self) -> None:
        """As `end`, and wait until the thread has ended."""
        self.end()
        self.thread.join()

    def _under_way(self) -> int:
        reading = sum(len(reading.jobs) for reading in list(self.reading))
        return reading + sum(len(batch.jobs) for batch in list(self.batches.values()))

    def _run(self) -> None:
        with torch.inference_mode():
            while self._has_work():
                self._admit()
                self._read_on()
                for batch in self.batches.values():
                    self._step(batch)
        running = [*self.batches.values(), *self.reading]
        for job in [*self.waiting, *(job for several in running for job in several.jobs)]:
            job.on_error(EndingError())

    def _has_work(self) -> bool:
        """Wait for work; False once the scheduler is to stop."""
        with self.changed:
            self.changed.wait_for(lambda: self.stopping or self.waiting or self._under_way())
            return not self.stopping

    def _admit(self) -> None:
        """Begin to read the prompts of the jobs that have waited longest, as many as are read together."""
        if self.reading:
            return
        with self.changed:
            room, jobs = self.limits.together - self._under_way(), []
            while self.waiting and len(jobs) < room and self._read_together([*jobs, self.waiting[0]]):
                jobs.append(self.waiting.popleft())
            if jobs:
                self._begin(jobs)

    def _read_together(self, jobs: list[Job]) -> bool:
        """Whether the prompts are read together: they are of one pool, and one part has place for them.

        A prompt that takes several parts is read alone, so that reading can stop once its client has gone.
        """
        if len(jobs) == 1:
            return True
        return jobs[-1].pool is jobs[0].pool and tokens_read(jobs) <= self.limits.prefill_tokens

    def _begin(self, jobs: list[Job]) -> None:
        self.reading.append(PromptReading(jobs, prefill_jobs(jobs[0].pool, jobs, self.limits.prefill_tokens)))

    def _read_on(self) -> None:
        """Read one part of the prompts; after the last part the jobs join their batch.

        Where reading fails each job is read by itself, so that an error ends only the answers that cause it.
        Prompts are dropped once all their jobs are cancelled.
        """
        self.reading = [reading for reading in self.reading if not all(job.cancelled for job in reading.jobs)]
        if not self.reading:
            return
        jobs = self.reading[0].jobs
        try:
            done = next(self.reading[0].parts)
        except Exception as error:
            self.reading.pop(0)
            if len(jobs) == 1:
                fail_jobs(jobs, error)
            else:
                for job in jobs:
                    self._begin([job])
            return
        if done is None:
            return
        self.reading.pop(0)
        batch = self.batches.setdefault(id(jobs[0].pool), RunningBatch(jobs[0].pool, self.ends))
        together = batch.jobs + jobs
        try:
            batch.join(done)
            self.joined += len(jobs)
        except Exception as error:
            batch.now = None
            fail_jobs(together, error)

    def _step(self, batch: RunningBatch) -> None:
        if not batch.jobs:
            return
        began, before = time.monotonic(), batch.jobs
        try:
            batch.step()
        except Exception as error:
            batch.now = None
            fail_jobs(before, error)
        self.steps += 1
        spent = time.monotonic() - began
        for job in before:
            if job not in batch.jobs:
                self.seconds += 0.1 * (spent * len(job.tokens) - self.seconds)
