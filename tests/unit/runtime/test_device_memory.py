"""What a process may still fill of a GPU: by its own limit, by what is free, and by what its allocator keeps."""

import pytest
import torch
from tiny import random_adapter, tiny_model

from mope.pools.adapters import BASE, AdapterPool
from mope.rewards import shared_base
from mope.rewards.shared_base import MOST_TEXTS, SharedRewards
from mope.runtime.device_memory import free_memory


@pytest.mark.parametrize(
    "free,fraction,expected",
    [(50, 1.0, 50 + 20 - 10), (50, 0.4, 40 - 10), (0, 1.0, 20 - 10), (50, 0.05, 0)],
)
def test_the_smallest_of_what_limits_it(free, fraction, expected, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = {
        "mem_get_info": (free, 100),
        "memory_allocated": 10,
        "memory_reserved": 20,
        "get_per_process_memory_fraction": fraction,
    }
    for name, value in numbers.items():
        monkeypatch.setattr(torch.cuda, name, lambda device, value=value: value)
    assert free_memory(torch.device("cuda")) == expected


def test_rewards_are_read_in_batches_that_have_room(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model(0)
    llama = AdapterPool(model, {"base": BASE}).llama
    rewards = SharedRewards(llama, {"r": (random_adapter(model, 1), torch.randn(llama.hidden))})
    assert rewards._room(100) == MOST_TEXTS
    monkeypatch.setattr(llama, "device", torch.device("cuda"))
    each = 2 * 100 * llama.bytes_per_token
    for free, texts in ((10 * each, 8), (0, 1), (10**6 * each, MOST_TEXTS)):
        monkeypatch.setattr(shared_base, "free_memory", lambda device, free=free: free)
        assert rewards._room(100) == texts
