"""What a decoding step costs: of one model, of several experts run in several ways, and of soups."""

import copy
import gc
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from mope.benchmark.memory import Peak, bandwidth, bytes_of, cache_bytes
from mope.benchmark.parts import Make, Parts, combinations, peft_model
from mope.benchmark.systems import MixedBatchPool, SplitPool
from mope.decoding.batch import Batch
from mope.decoding.mixers.probability import Probability
from mope.decoding.pool import ExpertPool
from mope.decoding.request import Request
from mope.decoding.sampling import Sampling, draw_tokens
from mope.decoding.step_controller import LlamaController
from mope.engine.lora import Adapter
from mope.methods.soups import exact_average
from mope.pools.adapters import BASE, AdapterPool
from mope.pools.separate import SeparatePool

FEWER_DIMENSIONS = 3  # dimensions of which `mope_fewer` mixes experts, where there are more
ANSWER = 64  # tokens of an answer; the time of merging a soup is shared among them


@dataclass(frozen=True)
class BenchmarkSettings:
    """`benchmark` in config.yaml: models, simultaneous requests, dtypes, timed steps per round, rounds, CPU threads."""

    seed: int
    models: list[str]
    requests: list[int]
    dtypes: list[str]
    steps: int
    rounds: int
    threads: int


@dataclass
class System:
    """A way to serve the requests: in groups, one after the other, each with the pool that runs it.

    `held`: bytes of the weights; `floor`: bytes that any implementation must move per step; `extra`: milliseconds that
    are added to the time of every step.
    """

    name: str
    experts: int
    groups: list[tuple[ExpertPool, list[Request]]]
    held: int
    floor: int
    controller: LlamaController | None = None
    extra: float = 0.0

    def prefill(self) -> list[Batch]:
        """The requests of each group as a batch whose prompts have been read."""
        return [Batch(pool, Probability(), requests, self.controller) for pool, requests in self.groups]


def step(batches: list[Batch]) -> None:
    """Draw a token for every request and run the models on it."""
    for batch in batches:
        mixed, _, _ = batch.mixture()
        batch.advance(draw_tokens(mixed, Sampling(), mixed.new_full((len(mixed),), 0.5, dtype=torch.float64)))


def copies(batches: list[Batch]) -> list[Batch]:
    """Copies of the batches with their own caches and the same models, to time steps again without another prefill."""
    shared = [part for batch in batches for part in (batch.pool, batch.controller, batch.requests)]
    return copy.deepcopy(batches, {id(part): part for part in shared})


@torch.inference_mode()
def merge_milliseconds(parts: Parts, soups: list[Adapter], device) -> float:
    """Median milliseconds to merge a soup: to add its low-rank products to a copy of the weights."""
    modules = dict(parts.base.get_decoder().named_modules())
    weights = {name: modules[name].weight.detach().clone() for name in soups[0]}
    spent = []
    for soup in soups:
        factors = {name: [factor.to(device, parts.dtype) for factor in (pair.b, pair.a)] for name, pair in soup.items()}
        begun = now(device)
        for name, (b, a) in factors.items():
            weights[name].addmm_(b, a, alpha=soup[name].scale)
        spent.append(now(device) - begun)
    return 1000 * statistics.median(spent)


def now(device) -> float:
    """Time in seconds, read after the device has finished its work."""
    match torch.device(device).type:
        case "cuda":
            torch.cuda.synchronize()
        case "mps":
            torch.mps.synchronize()
    return time.perf_counter()


def own_systems(parts: Parts, count: int, device, seed: int, steps: int) -> list[System]:
    """The systems on this project's forward pass, for `count` requests over all combinations.

    Prompts have 16 to 32 random tokens. The base of `parts` is copied; the caller may drop it. With four dimensions
    there is also `mope_fewer`: the same prompts with experts of the first three.
    """
    rng = random.Random(seed)
    names = list(parts.adapters)
    xi = combinations(names)
    k = len(xi[0])
    size = parts.base.config.vocab_size
    prompts = [[rng.randrange(4, size) for _ in range(rng.randrange(16, 33))] for _ in range(count)]
    first = combinations(names[: 2 * FEWER_DIMENSIONS])
    mixed = [Request(xi[r % len(xi)], [p] * k, p) for r, p in enumerate(prompts)]
    fewer = [Request(first[r % len(first)], [p] * FEWER_DIMENSIONS, p) for r, p in enumerate(prompts)]
    plain = [Request([0], [p]) for p in prompts]
    repeated = [request for request in plain for _ in range(k)]  # as many rows as the experts of all requests
    souped = [Request([r % len(xi)], [p]) for r, p in enumerate(prompts)]
    soups = [exact_average([parts.adapters[names[i]] for i in members]) for members in xi]

    single = AdapterPool(parts.base, {"base": BASE}, parts.dtype, device)
    experts = single.beside(parts.adapters)
    soup_pool = single.beside({f"soup{i}": soup for i, soup in enumerate(soups)})
    controller = LlamaController(parts.controller, parts.head)
    by_place = SplitPool(experts, lambda row, expert: row % k)
    by_expert = SplitPool(experts, lambda row, expert: expert)
    alone = [[r for i, r in enumerate(plain) if i % len(xi) == c] for c in range(min(len(xi), count))]

    base_bytes, expert_bytes, soup_bytes = bytes_of(single), bytes_of(experts), bytes_of(soup_pool)
    controller_bytes = bytes_of(controller)
    length = 24 + steps // 2
    cache = cache_bytes(single.llama, length)
    controlled = base_bytes + controller_bytes + count * cache_bytes(controller.llama, length)
    held = base_bytes + expert_bytes + controller_bytes
    merge = merge_milliseconds(parts, soups, device)

    def mope(name: str, pool: ExpertPool, requests: list[Request] = mixed) -> System:
        rows = [expert for request in requests for expert in request.experts]
        used = expert_bytes * len(set(rows)) // len(names)
        moved = controlled + used + len(rows) * cache
        return System(name, len(rows) // count, [(pool, requests)], held, moved, controller)

    merged = len(alone) * merge / ANSWER
    plain_floor = base_bytes + count * cache
    soup_floor = plain_floor + soup_bytes * len(alone) // len(xi)
    return [
        System("single", 1, [(single, plain)], base_bytes, plain_floor),
        System("single_rows", 1, [(single, repeated)], base_bytes, base_bytes + count * k * cache),
        mope("sequential", by_place),
        mope("per_expert", by_expert),
        mope("mope", experts),
        *([mope("mope_fewer", experts, fewer)] if k > FEWER_DIMENSIONS else []),
        System("soup_merged", 1, [(single, requests) for requests in alone], held, soup_floor, extra=merged),
        System("soup_batch", 1, [(soup_pool, souped)], base_bytes + soup_bytes, soup_floor),
    ]


def build_systems(parts: Parts, count: int, device, seed: int, steps: int) -> list[System]:
    """`own_systems`, and the same tasks by Transformers and by PEFT, which changes the base of `parts`."""
    own = own_systems(parts, count, device, seed, steps)
    single, rows, sequential, per_expert, mope, *others = own
    module = SeparatePool({"base": copy.deepcopy(parts.base)}, parts.dtype, device)
    peft = MixedBatchPool(peft_model(parts), tuple(parts.adapters))

    def by(pool: ExpertPool, like: System, name: str) -> System:
        return replace(like, name=name, groups=[(pool, requests) for _, requests in like.groups])

    transformers = by(module, single, "single_transformers")
    return [single, transformers, rows, sequential, per_expert, by(peft, mope, "peft"), mope, *others]


@torch.inference_mode()
def peak_megabytes(system: System, steps: int, device) -> float:
    """Peak memory in MiB: the system's weights, and what reading the prompts and `steps` steps add."""
    peak = Peak(device)
    batches = system.prefill()
    for _ in range(steps):
        step(batches)
    return (system.held + peak.growth()) / 2**20


@torch.inference_mode()
def milliseconds(systems: list[System], settings: BenchmarkSettings, device) -> dict[str, list[float]]:
    """Milliseconds per step of every round, by system. In each round all systems take turns, from the same prompts."""
    begun_from = {system.name: system.prefill() for system in systems}
    spent: dict[str, list[float]] = {system.name: [] for system in systems}
    for _ in range(settings.rounds):
        for system in systems:
            batches = copies(begun_from[system.name])
            step(batches)  # untimed: the copies leave the processor's cache
            begun = now(device)
            for _ in range(settings.steps):
                step(batches)
            spent[system.name].append(1000 * (now(device) - begun) / settings.steps + system.extra)
            del batches
    return spent


def benchmark_records(
    parts: Parts, count: int, settings: BenchmarkSettings, device: str, rate: float
) -> Iterator[dict]:
    """One record per system, for `count` requests on a machine that reads `rate` bytes per second."""
    systems = build_systems(parts, count, device, settings.seed, settings.steps)
    peaks = {system.name: peak_megabytes(system, settings.steps, device) for system in systems}
    measured = milliseconds(systems, settings, device)
    one, usual = measured["single"], measured["single_transformers"]
    for system in systems:
        times = measured[system.name]
        yield {
            **described_system(system, parts, count, device),
            **described_times(times),
            "ratio_to_single": paired_ratio(times, one),
            "ratio_to_transformers": paired_ratio(times, usual),
            **described_rates(system, times, count, peaks[system.name], rate),
        }


def described_system(system: System, parts: Parts, count: int, device: str) -> dict:
    """The fields of a record that say what was measured."""
    return {
        "system": system.name,
        "model": parts.name,
        "dtype": str(parts.dtype).removeprefix("torch."),
        "device": device_name(device),
        "requests": count,
        "experts_per_request": system.experts,
    }


def described_times(times: list[float]) -> dict:
    """Median, quartiles and every round, in milliseconds."""
    low, _, high = statistics.quantiles(times, n=4)
    return {
        "ms_per_step": round(statistics.median(times), 3),
        "ms_per_step_q25": round(low, 3),
        "ms_per_step_q75": round(high, 3),
        "ms_per_step_rounds": [round(t, 3) for t in times],
    }


def described_rates(system: System, times: list[float], count: int, peak: float, rate: float) -> dict:
    """Tokens per second, memory, and the share of the floor on a machine that reads `rate` bytes per second."""
    median = statistics.median(times)
    return {
        "tokens_per_s": round(1000 * count / median, 1),
        "peak_memory_mb": round(peak, 1),
        "floor_ratio": round(1000 * system.floor / rate / median, 3),
    }


def benchmark_decoding(models: list[Make], settings: BenchmarkSettings, device: str) -> Iterator[dict]:
    """Records of benchmarks/decoding.json (docs/costs.md).

    `ms_per_step` is the median of the rounds, `ms_per_step_q25` and `ms_per_step_q75` are their quartiles, and
    `ms_per_step_rounds` lists them. `ratio_to_single` and `ratio_to_transformers` are medians over the rounds of the
    ratio to a single model's step, by this project's forward pass and by Transformers'. `floor_ratio` is the shortest
    possible time over the time spent; the shortest possible is that of moving, at the measured bandwidth, the bytes
    that any implementation must move.
    """
    torch.set_num_threads(settings.threads)
    rate = bandwidth(device)
    for make in models:
        for dtype in settings.dtypes:
            for count in settings.requests:
                # The models are made anew, because PEFT changes the base, and have no name here, so that they are freed
                # before the next ones are made: there may be room for one at a time.
                gc.collect()  # modules of the previous system refer to each other in cycles
                yield from benchmark_records(make(getattr(torch, dtype), device), count, settings, device, rate)


def paired_ratio(times: list[float], others: list[float]) -> float:
    """Median of the ratios between the times of two systems in the same round."""
    return round(statistics.median(t / other for t, other in zip(times, others)), 3)


def device_name(device: str) -> str:
    """The GPU's name, or the number of CPU threads in use."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    if torch.device(device).type == "mps":
        return "mps"
    return f"cpu, {torch.get_num_threads()} threads"
