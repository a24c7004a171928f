"""A step on buffers of fixed shape gives what a step on growing ones gives, whatever padding and adapters there are."""

import pytest
import torch
from tiny import VOCABULARY, TinyController, random_adapter, tiny_model

from mope.decoding.batch import Batch
from mope.decoding.fixed_batch import FixedBatch
from mope.decoding.mixers.probability import Probability
from mope.decoding.request import Request
from mope.decoding.step_controller import ConstantLogits, LlamaController
from mope.engine.fixed_cache import FixedCache
from mope.engine.kv_cache import KeyValueCache
from mope.pools.adapters import AdapterPool

STEPS = 5


@pytest.fixture(scope="module")
def pool() -> AdapterPool:
    model = tiny_model(0)
    return AdapterPool(model, {f"e{i}": random_adapter(model, i) for i in range(4)})


def controllers() -> dict:
    learned = TinyController(3, 4)
    table = ConstantLogits(torch.tensor([[0.1, 0.7, -0.4, 0.2]]))
    return {"none": None, "learned": LlamaController(learned.model, learned.head), "constant": table}


def requests(kind: str) -> list[Request]:
    """Two or three experts each, prompts of one to nine tokens."""
    lengths = [1, 9, 4, 6]
    found = []
    for number, length in enumerate(lengths):
        prompt = [(7 * number + position) % (VOCABULARY - 2) + 2 for position in range(length)]
        experts = [0, 1 + number % 3] if number % 2 else [3, 0, 2]
        found.append(Request(experts, [prompt] * len(experts), [0] if kind == "constant" else prompt))
    return found


def greedy(mixed: torch.Tensor, experts: torch.Tensor, alphas: torch.Tensor | None) -> torch.Tensor:
    return mixed.argmax(dim=1)


@torch.inference_mode()
@pytest.mark.parametrize("kind", ["none", "learned", "constant"])
def test_steps_equal_those_of_a_growing_cache(kind: str, pool: AdapterPool) -> None:
    controller = controllers()[kind]
    growing = Batch(pool, Probability(), requests(kind), controller)
    fixed = FixedBatch(Batch(pool, Probability(), requests(kind), controller), STEPS)
    addresses = fixed.logprobs.data_ptr(), fixed.batch.state.cache.data.data_ptr()
    for _ in range(STEPS):
        tokens = greedy(*growing.mixture())
        growing.advance(tokens)
        assert fixed.step(greedy).tolist() == tokens.tolist()
        torch.testing.assert_close(fixed.logprobs, growing.logprobs, atol=1e-5, rtol=1e-5)
    assert addresses == (fixed.logprobs.data_ptr(), fixed.batch.state.cache.data.data_ptr())


def test_one_token_at_a_time() -> None:
    cache = FixedCache(KeyValueCache([2], 1, 1, 4, torch.float32, "cpu"), 8)
    with pytest.raises(ValueError, match="2 tokens per row"):
        cache.extend(2)


def test_no_more_tokens_than_there_is_room_for(pool: AdapterPool) -> None:
    """On a CPU the write past the end raises; that nobody steps so far is for the caller to see to."""
    fixed = FixedBatch(Batch(pool, Probability(), requests("none"), None), 1)
    room = fixed.batch.state.cache.length - int(fixed.batch.state.cache.last) - 1
    for _ in range(room):
        fixed.step(greedy)
    with pytest.raises((IndexError, RuntimeError)):
        fixed.step(greedy)
