"""All models read the prompts of jobs, part by part, so that running answers go on between two parts."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from mope.decoding.step_controller import StepController
from mope.engine.kv_cache import left_pad, padded_width
from mope.pools.adapters import AdapterPool
from mope.serve.job import Job, grouped


@dataclass
class ControllerGroup:
    """The jobs of one controller, in the order of its state; `logits` (G, n) for their next token."""

    jobs: list[Job]
    state: object
    logits: torch.Tensor


@dataclass
class PrefilledJobs:
    """Jobs whose prompts all models have read. `logprobs` (R, V) has a row for each of the jobs' experts, in order."""

    jobs: list[Job]
    state: object
    logprobs: torch.Tensor
    groups: dict[StepController, ControllerGroup]


def prefill_jobs(pool: AdapterPool, jobs: list[Job], most: int | None = None) -> Iterator[PrefilledJobs | None]:
    """Let all models read the jobs' prompts, `most` tokens at a time; yields None between parts, then the result."""
    prompts = [prompt for job in jobs for prompt in job.request.prompts]
    experts = [expert for job in jobs for expert in job.request.experts]
    for part in pool.prefill_parts(prompts, experts, width_of(len(prompts), most)):
        if part is None:
            yield None
        else:
            state, logprobs = part
    whole, groups = most is None or tokens_read(jobs) <= most, {}
    for controller, own in by_controller(jobs).items():
        if not whole:
            yield None
        masks = torch.zeros(len(own), len(pool.names), dtype=torch.bool, device=pool.device)
        for row, job in enumerate(own):
            masks[row, list(job.request.experts)] = True
        texts = [job.request.controller_ids for job in own]
        for part in controller_parts(controller, texts, masks, width_of(len(texts), most)):
            if part is None:
                yield None
            else:
                groups[controller] = ControllerGroup(own, *part)
    yield PrefilledJobs(jobs, state, logprobs, groups)


def controller_parts(
    controller: StepController, texts: list[list[int]], masks: torch.Tensor, width: int | None
) -> Iterator[tuple[object, torch.Tensor] | None]:
    """A controller's `prefill` by `width` columns, a multiple of 8; yields None between parts, then its result."""
    lengths = [len(text) for text in texts]
    if width is None or padded_width(lengths) <= width:
        yield controller.prefill(texts, masks)
        return
    cache = controller.llama.new_cache(lengths)  # it is a LlamaController: any other reads a single token
    *before, last = left_pad(texts, controller.llama.device).split(width, dim=1)
    for part in before:
        controller.llama.forward(part, cache)
        yield None
    yield cache, controller.head(controller.llama.forward(last, cache)).float()


def width_of(rows: int, most: int | None) -> int | None:
    """Columns in which `rows` rows have up to `most` tokens: a multiple of 8, like padded rows, and at least 8."""
    return None if most is None else max(8, most // rows // 8 * 8)


def tokens_read(jobs: list[Job]) -> int:
    """How many tokens, padding included, the models compute when they read the jobs' prompts together."""
    texts = [[prompt for job in jobs for prompt in job.request.prompts]]
    texts += [[job.request.controller_ids for job in own] for own in by_controller(jobs).values()]
    return sum(len(rows) * padded_width([len(row) for row in rows]) for rows in texts)


def by_controller(jobs: list[Job]) -> dict[StepController, list[Job]]:
    """The jobs of each controller, in their order; those without one are left out."""
    return grouped([job for job in jobs if job.controller is not None], lambda job: job.controller)
