"""Whether a device writes the same greedy answers as the CPU, in float32."""

import random
from collections.abc import Iterator

import torch

from mope.benchmark.decoding_steps import device_name
from mope.benchmark.parts import Parts, RandomShape, combinations, random_parts
from mope.decoding.loop import decode
from mope.decoding.mixers.probability import Probability
from mope.decoding.request import Answer, Request
from mope.decoding.sampling import Sampling
from mope.decoding.step_controller import LlamaController
from mope.decoding.turn_ends import TurnEnds
from mope.pools.adapters import AdapterPool

GREEDY_ENDS = TurnEnds((0,), 0)


def greedy_answers(parts: Parts, device: str, count: int, tokens: int) -> list[Answer]:
    """Recorded answers of mixtures of experts to `count` prompts of random tokens."""
    rng = random.Random(0)
    pool = AdapterPool(parts.base, parts.adapters, parts.dtype, device)
    controller = LlamaController(parts.controller.to(device), parts.head.to(device))
    xi, size = combinations(list(parts.adapters)), pool.vocab_size
    prompts = [[rng.randrange(1, size) for _ in range(rng.randrange(8, 33))] for _ in range(count)]
    requests = [Request(xi[n % len(xi)], [p] * len(xi[0]), p, max_new_tokens=tokens) for n, p in enumerate(prompts)]
    return decode(pool, Probability(), requests, Sampling(temperature=0), GREEDY_ENDS, controller, record=True)


def common(first: Answer, second: Answer) -> int:
    """How many tokens two answers have in common at their beginning."""
    pairs = zip(first.tokens, second.tokens)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(first.tokens), len(second.tokens)))


def greedy_equality(shape: RandomShape, name: str, device: str, count: int, tokens: int) -> Iterator[dict]:
    """One record: how many answers are equal, and how far the log-probabilities of common tokens lie apart.

    `tie_margin`: of all answers that differ, the largest difference between the log-probabilities of the first two
    tokens that differ. Where rounding alone decided between two tokens, it is about as small as `largest_difference`.
    """
    parts = random_parts(name, shape, 0, torch.float32, "cpu")
    expected = greedy_answers(parts, "cpu", count, tokens)
    found = greedy_answers(parts, device, count, tokens)
    apart, margins, equal = 0.0, [], 0
    for want, have in zip(expected, found, strict=True):
        shared = common(want, have)
        apart = max([apart, *(want.logprob[:shared] - have.logprob[:shared]).abs().tolist()])
        if want.tokens == have.tokens:
            equal += 1
        else:
            margins.append(abs(want.logprob[shared] - have.logprob[shared]).item())
    yield {
        "model": name,
        "dtype": "float32",
        "device": device_name(device),
        "answers": count,
        "equal": equal,
        "tokens": sum(len(answer.tokens) for answer in expected),
        "largest_difference": apart,
        "tie_margin": max(margins, default=0.0),
    }
