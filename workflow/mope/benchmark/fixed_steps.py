"""What a decoding step costs on buffers of fixed shape: kernels launched one by one, as a CUDA graph, or compiled."""

import time
from collections.abc import Callable, Iterator

import torch

from mope.benchmark.decoding_steps import (
    BenchmarkSettings,
    System,
    described_rates,
    described_system,
    described_times,
    now,
    own_systems,
    paired_ratio,
)
from mope.benchmark.memory import Peak, bandwidth
from mope.benchmark.parts import Make
from mope.decoding.fixed_batch import FixedBatch
from mope.decoding.replay import WARM_UP, recorded
from mope.decoding.sampling import Sampling, draw_tokens

PLAIN, GRAPH, COMPILED = "fixed shapes", "CUDA graph", "compiled"  # `way` of a record


class FixedSteps:
    """The batches of a system after their prompts have been read; `reset` goes back there, to time steps again."""

    def __init__(self, system: System, steps: int, way: str, device: str):
        """The caches have room for `steps` steps. With a GPU of CUDA a compiled step is recorded as a graph too."""
        self.batches = [FixedBatch(batch, steps + WARM_UP + 1) for batch in system.prefill()]
        self.caches = [cache for batch in self.batches for cache in fixed_caches(batch)]
        self.start = [cache.last.clone() for cache in self.caches]
        self.logprobs = [batch.logprobs.clone() for batch in self.batches]
        self.logits = [None if batch.logits is None else batch.logits.clone() for batch in self.batches]
        self.run: Callable[[], None] = self.step
        if way == COMPILED:
            torch.compiler.reset()  # else torch soon reaches its limit of shapes per function
            self.run = torch.compile(self.step, dynamic=False)
            self.run()  # compiles
        if way != PLAIN and torch.device(device).type == "cuda":
            for _ in range(WARM_UP):
                self.run()
            self.run = recorded(self.run)
        self.reset()

    def step(self) -> None:
        """One token for every request of every batch."""
        for batch in self.batches:
            batch.step(drawn)

    def reset(self) -> None:
        """Back to the end of the prompts."""
        for cache, start in zip(self.caches, self.start, strict=True):
            cache.last.copy_(start)
        for batch, logprobs, logits in zip(self.batches, self.logprobs, self.logits, strict=True):
            batch.logprobs.copy_(logprobs)
            if logits is not None:
                batch.logits.copy_(logits)


def drawn(mixed: torch.Tensor, experts: torch.Tensor, alphas: torch.Tensor | None) -> torch.Tensor:
    """A token per request, by the number 0.5 in place of random ones."""
    return draw_tokens(mixed, Sampling(), mixed.new_full((len(mixed),), 0.5, dtype=torch.float64))


def fixed_caches(fixed: FixedBatch) -> list:
    """The caches of a batch's rows and of its controller."""
    state = fixed.batch.state
    rows = [own.cache for _, own in state] if isinstance(state, list) else [state.cache]
    return rows if fixed.logits is None else [*rows, fixed.batch.controller_state]


@torch.inference_mode()
def benchmark_fixed_steps(
    make: Make, settings: BenchmarkSettings, device: str, way: str, names: tuple[str, ...] = ()
) -> Iterator[dict]:
    """Records as those of `benchmark_decoding` for the systems on this project's forward pass, or those of `names`.

    `way` is PLAIN, GRAPH or COMPILED; `prepared_s`: the seconds that reading prompts, recording and compiling took.
    """
    torch.set_num_threads(settings.threads)
    rate = bandwidth(device)
    for count in settings.requests:
        parts = make(getattr(torch, settings.dtypes[0]), device)
        systems = own_systems(parts, count, device, settings.seed, settings.steps)
        systems = [system for system in systems if not names or system.name in names]
        ready, peaks, prepared = {}, {}, {}
        for system in systems:
            peak, begun = Peak(device), time.perf_counter()
            ready[system.name] = FixedSteps(system, settings.steps, way, device)
            prepared[system.name] = now(device) - begun
            peaks[system.name] = (system.held + peak.growth()) / 2**20
        extras = {system.name: system.extra for system in systems}
        times = fixed_milliseconds(ready, extras, settings, device)
        for system in systems:
            name = system.name
            yield {
                **described_system(system, parts, count, device),
                "way": way,
                **described_times(times[name]),
                "ratio_to_single": paired_ratio(times[name], times["single"]),
                **described_rates(system, times[name], count, peaks[name], rate),
                "prepared_s": round(prepared[name], 2),
            }
        del parts, systems, ready


def fixed_milliseconds(
    ready: dict[str, FixedSteps], extras: dict[str, float], settings: BenchmarkSettings, device: str
) -> dict[str, list[float]]:
    """Milliseconds per step of every round, by system, plus its `extras`. In each round all systems take turns."""
    spent: dict[str, list[float]] = {name: [] for name in ready}
    for _ in range(settings.rounds):
        for name, fixed in ready.items():
            fixed.reset()
            begun = now(device)
            for _ in range(settings.steps):
                fixed.run()
            spent[name].append(1000 * (now(device) - begun) / settings.steps + extras[name])
    return spent
