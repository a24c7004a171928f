"""Steps of fixed shape are those that the benchmark takes otherwise, again and again from the same prompts."""

import pytest
import torch

from mope.benchmark.decoding_steps import own_systems, step
from mope.benchmark.fixed_steps import PLAIN, FixedSteps
from mope.benchmark.parts import RandomShape, llama, random_parts

SHAPE = RandomShape(
    {"vocab_size": 64, **llama(hidden=32, intermediate=48, layers=2, heads=4)},
    llama(hidden=16, intermediate=32, layers=1, heads=2),
    rank=4,
)
SYSTEMS = ("single", "single_rows", "sequential", "per_expert", "mope", "soup_merged", "soup_batch")


@pytest.fixture(scope="module")
def systems() -> dict:
    parts = random_parts("tiny", SHAPE, 0, torch.float32, "cpu")
    return {system.name: system for system in own_systems(parts, 9, "cpu", 0, 4)}


@torch.inference_mode()
@pytest.mark.parametrize("name", SYSTEMS)
def test_fixed_steps_equal_the_usual_ones(name: str, systems: dict) -> None:
    fixed, usual = FixedSteps(systems[name], 3, PLAIN, "cpu"), systems[name].prefill()
    for _ in range(3):
        step(usual)
    for _ in range(2):
        fixed.reset()
        for _ in range(3):
            fixed.run()
        for batch, expected in zip(fixed.batches, usual, strict=True):
            torch.testing.assert_close(batch.logprobs, expected.logprobs, atol=1e-5, rtol=1e-5)
