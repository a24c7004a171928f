"""Memory and time of the parts of a REBEL step, with experts, reward models and controller on one base."""

import gc
import random
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

from mope.benchmark.decoding_steps import device_name, now
from mope.benchmark.memory import Peak
from mope.benchmark.parts import Make, Parts, combinations
from mope.controller.controller_settings import ControllerSettings
from mope.controller.pcm import PreferenceController, PreferenceControllerConfig
from mope.controller.rollout import rollout_of
from mope.controller.train import update
from mope.decoding.loop import decode
from mope.decoding.mixers.probability import Probability
from mope.decoding.request import Request
from mope.decoding.turn_ends import TurnEnds
from mope.pools.adapters import AdapterPool
from mope.pools.open_pool import placement
from mope.rewards.forms.bt import bradley_terry
from mope.rewards.shared_base import SharedRewards

PROMPT_TOKENS = 32  # tokens that experts, controller and reward models read before an answer
END = 0  # id of the token that ends a text, and of the padding
T = TypeVar("T")


def loaded(parts: Parts, device: str) -> tuple[AdapterPool, SharedRewards, PreferenceController]:
    """Experts, reward models on the same base with the experts' adapters and random heads, a controller (float32)."""
    pool = AdapterPool(parts.base, parts.adapters, parts.dtype, device)
    heads = torch.randn(len(parts.adapters), pool.llama.hidden)
    rewards = SharedRewards(pool.llama, dict(zip(parts.adapters, zip(parts.adapters.values(), heads), strict=True)))
    keys = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
    shape = {key: getattr(parts.controller.config, key) for key in keys}
    return pool, rewards, PreferenceController(PreferenceControllerConfig(list(pool.names), **shape)).to(device)


def benchmark_requests(pool: AdapterPool, settings: ControllerSettings) -> list[Request]:
    """Two requests for each of a step's prompts of random tokens, all combinations in turn; no answer ends early."""
    rng = random.Random(settings.seed)
    xi = combinations(list(pool.names))
    length = {"max_new_tokens": settings.max_new_tokens, "min_new_tokens": settings.max_new_tokens}
    requests = []
    for number in range(settings.prompts_per_step):
        prompt = [rng.randrange(END + 1, pool.vocab_size) for _ in range(PROMPT_TOKENS)]
        members = xi[number % len(xi)]
        requests += [
            Request(members, [prompt] * len(members), prompt, seed=2 * number + answer, **length) for answer in (0, 1)
        ]
    return requests


def shared_scores(rewards: SharedRewards, requests: list[Request], answers: list) -> torch.Tensor:
    """Mean Bradley-Terry reward (B,) under each request's combination, against a reference answer of score zero."""
    texts = [[*r.controller_ids, *answer.tokens, END] for r, answer in zip(requests, answers, strict=True)]
    rows = [(text, expert) for text, r in zip(texts, requests, strict=True) for expert in r.experts]
    found = rewards.score([text for text, _ in rows], [expert for _, expert in rows])
    return bradley_terry(found, torch.zeros_like(found)).view(len(texts), -1).mean(dim=1)


def rebel_step(
    pool: AdapterPool,
    rewards: SharedRewards,
    controller: PreferenceController,
    optimizer: torch.optim.Optimizer,
    settings: ControllerSettings,
) -> dict[str, float]:
    """Peak memory (`_mb`, MiB, as in `benchmark_controller_step`) and seconds (`_s`) of each part of a step."""
    taken: dict[str, float] = {}

    def measured(name: str, part: Callable[[], T]) -> T:
        peak, begun = Peak(pool.device), now(pool.device)
        result = part()
        taken[f"{name}_s"] = round(now(pool.device) - begun, 3)
        taken[f"{name}_mb"] = round((peak.start + peak.growth()) / 2**20, 1)
        return result

    requests = benchmark_requests(pool, settings)
    sampling = settings.sampling()
    controller.eval()
    mixed = {"ends": TurnEnds((END,), END), "controller": controller.decoder(), "record": True}
    answers = measured("rollout", lambda: decode(pool, Probability(), requests, sampling, **mixed))
    reward = measured("scoring", lambda: shared_scores(rewards, requests, answers))
    rollout = rollout_of(requests, answers, [list(r.experts) for r in requests], reward, END).to(pool.device)
    measured("update", lambda: update(controller, optimizer, rollout, settings))
    return taken


def benchmark_controller_step(
    models: list[Make], settings: ControllerSettings, warm_up: ControllerSettings | None = None
) -> Iterator[dict]:
    """Records of benchmarks/training.json, one per model: memory before a step, of each of its parts, and the peak.

    A step with the settings `warm_up`, by default the same, goes before: it loads kernels and makes optimizer states.
    Memory is in MiB: of the allocator on a GPU; of the whole process on a CPU, where models that were measured earlier
    in the same process may still count.
    """
    dtype, device = placement(settings.precision)
    for make in models:
        parts = make(dtype, device)
        name = parts.name
        pool, rewards, controller = loaded(parts, device)
        del parts  # its base has been copied
        gc.collect()  # modules refer to each other in cycles
        optimizer = torch.optim.AdamW(controller.parameters(), lr=settings.learning_rate)
        held = Peak(device).start / 2**20
        rebel_step(pool, rewards, controller, optimizer, warm_up or settings)
        taken = rebel_step(pool, rewards, controller, optimizer, settings)
        yield {
            "model": name,
            "dtype": str(dtype).removeprefix("torch."),
            "device": device_name(device),
            "experts": len(pool.names),
            "reward_models": len(rewards.names),
            "answers": 2 * settings.prompts_per_step,
            "answer_tokens": settings.max_new_tokens,
            "epochs": settings.epochs,
            "held_mb": round(held, 1),
            **taken,
            "peak_memory_mb": max(value for key, value in taken.items() if key.endswith("_mb")),
        }
        del pool, rewards, controller, optimizer
        gc.collect()
