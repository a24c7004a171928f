"""Continuous batching: requests of one pool join the batch and leave it between any two steps.

Except for rounding, a request's tokens do not depend on what else is in the batch: its rows, its controller's cache,
its random numbers and its bans are its own.
"""

from collections.abc import Sequence

import torch

from mope.decoding.sampling import draw_tokens, without_banned
from mope.pools.adapters import AdapterPool
from mope.serve.job import Job, ServedToken, fail_jobs, grouped
from mope.serve.prompt_parts import PrefilledJobs


class RunningBatch:
    """The jobs of a pool that are being decoded; each of the tokens `ends` ends an answer."""

    def __init__(self, pool: AdapterPool, ends: Sequence[int]):
        self.pool, self.ends = pool, ends
        self.now: PrefilledJobs | None = None

    @property
    def jobs(self) -> list[Job]:
        """The jobs in the batch, in its order."""
        return self.now.jobs if self.now else []

    def join(self, new: PrefilledJobs) -> None:
        """Add jobs whose prompts have been read."""
        now = self.now
        if now is None:
            self.now = new
            return
        self.pool.join(now.state, new.state)
        now.jobs = now.jobs + new.jobs
        now.logprobs = torch.cat([now.logprobs, new.logprobs])
        for controller, group in new.groups.items():
            own = now.groups.get(controller)
            if own is None:
                now.groups[controller] = group
            else:
                controller.join(own.state, group.state)
                own.jobs, own.logits = own.jobs + group.jobs, torch.cat([own.logits, group.logits])

    def step(self) -> None:
        """Choose one token for every job; jobs that end, fail or were cancelled leave with all their rows."""
        self.keep([job for job in self.jobs if not job.cancelled])
        if self.now is None:
            return
        chosen = self.choose()
        self.keep([job for job in self.jobs if self.goes_on(job, chosen[job])])
        if self.now is not None:
            self.advance()

    def goes_on(self, job: Job, found: ServedToken | Exception) -> bool:
        """Give a job its next token, or the error in its place; returns whether its answer goes on."""
        try:
            if isinstance(found, Exception):
                raise found
            return job.accept(found, self.ends) and not job.cancelled
        except Exception as error:
            fail_jobs([job], error)
            return False

    def choose(self) -> dict[Job, ServedToken | Exception]:
        """The next token of every job, or an error in its place; jobs mixed and sampled alike are computed together."""
        now, first, chosen = self.now, {}, {}
        place = 0
        for job in now.jobs:
            first[job] = place
            place += len(job.request.experts)
        logits = {job: row for group in now.groups.values() for job, row in zip(group.jobs, group.logits)}
        for group in grouped(now.jobs, how_mixed).values():
            chosen |= self.choose_or_fail(group, first, logits)
        return chosen

    def choose_or_fail(
        self, group: list[Job], first: dict[Job, int], logits: dict
    ) -> dict[Job, ServedToken | Exception]:
        """`choose_alike`; where it fails each job by itself, so that an error ends only the answers that cause it."""
        try:
            return self.choose_alike(group, [first[job] for job in group], logits)
        except Exception as error:
            if len(group) == 1:
                return {group[0]: error}
            alone = [self.choose_or_fail([job], first, logits) for job in group]
            return {job: found for each in alone for job, found in each.items()}

    def choose_alike(self, group: list[Job], first: list[int], logits: dict) -> dict[Job, ServedToken]:
        """The next tokens of G jobs of equal `how_mixed`; `first`: their first rows' numbers; `logits`: (n,) by job."""
        device, size = self.pool.device, len(group[0].request.experts)
        rows = torch.tensor(first, device=device)[:, None] + torch.arange(size, device=device)
        logprobs = self.now.logprobs[rows]  # (G, k, V)
        experts = torch.tensor([list(job.request.experts) for job in group], device=device)
        present = torch.ones_like(experts, dtype=torch.bool)
        alphas = None
        if group[0].controller is not None:
            alphas = torch.stack([logits[job] for job in group]).gather(1, experts).softmax(dim=1)
            if any(job.emphasis for job in group):
                factors = torch.tensor([list(job.emphasis or [1.0] * size) for job in group], device=device)
                alphas = alphas * factors
                alphas = alphas / alphas.sum(dim=1, keepdim=True)
        elif group[0].request.weights is not None:
            alphas = torch.tensor([[float(w) for w in job.request.weights] for job in group], device=device)
        mixer = group[0].mixer
        weights = mixer.weights(experts, present, alphas)
        mixed = mixer.mix(logprobs, weights, None)
        banned = [(row, token) for row, job in enumerate(group) for token in job.banned(self.ends)]
        uniform = torch.tensor([job.uniform[len(job.tokens)] for job in group], dtype=torch.float64, device=device)
        tokens = draw_tokens(without_banned(mixed, banned), group[0].sampling, uniform)
        own = logprobs.gather(2, tokens[:, None, None].expand(-1, size, 1))[:, :, 0].tolist()
        logprob = mixed.gather(1, tokens[:, None])[:, 0].tolist()
        weights = weights.tolist()
        most = min(max(job.top for job in group), mixed.shape[1])
        best = mixed.topk(most, dim=1) if most else None
        found = {}
        for row, (job, token) in enumerate(zip(group, tokens.tolist())):
            top = [] if best is None else list(zip(best.indices[row].tolist(), best.values[row].tolist()))
            found[job] = ServedToken(token, weights[row], own[row], logprob[row], top[: job.top])
        return found

    def keep(self, kept: list[Job]) -> None:
        """Drop all jobs but those of `kept`, which are in the order of the batch."""
        now = self.now
        if now is None or len(kept) == len(now.jobs):
            return
        if not kept:
            self.now = None
            return
        stay = set(kept)
        flags = [job in stay for job in now.jobs for _ in job.request.experts]
        rows = torch.tensor(flags, device=self.pool.device).nonzero()[:, 0]
        self.pool.keep(now.state, rows)
        now.logprobs, now.jobs = now.logprobs[rows], kept
        for controller, group in list(now.groups.items()):
            places = [place for place, job in enumerate(group.jobs) if job in stay]
            if not places:
                del now.groups[controller]
            elif len(places) < len(group.jobs):
                index = torch.tensor(places, device=self.pool.device)
                controller.keep(group.state, index)
                group.jobs, group.logits = [group.jobs[place] for place in places], group.logits[index]

    def advance(self) -> None:
        """Let the models read the last token of every job."""
        now, device = self.now, self.pool.device
        read = [job.tokens[-1] for job in now.jobs for _ in job.request.experts]
        now.logprobs = self.pool.step(now.state, torch.tensor(read, device=device))
        for controller, group in now.groups.items():
            last = torch.tensor([job.tokens[-1] for job in group.jobs], device=device)
            group.logits = controller.step(group.state, last)


def how_mixed(job: Job) -> tuple:
    """Jobs for which this is equal can be mixed and sampled together."""
    given = job.controller is not None or job.request.weights is not None
    return id(job.mixer), len(job.request.experts), id(job.controller), given, job.sampling
