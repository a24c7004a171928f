"""Peak memory of some work, bytes that a decoding step reads, and the memory bandwidth of this machine."""

import time
from pathlib import Path

import torch

from mope.decoding.step_controller import LlamaController
from mope.engine.linear import Linear
from mope.engine.llama import Llama
from mope.pools.adapters import AdapterPool


class Peak:
    """Peak memory from its creation on, in bytes: of the allocator on a GPU, of the resident set on Linux, else 0."""

    def __init__(self, device):
        self.device = torch.device(device)
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
            self.start = torch.cuda.memory_allocated()
        else:
            self.start = reset_resident_peak()

    def growth(self) -> int:
        """Peak minus start, in bytes."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated() - self.start
        return max(0, resident("VmHWM") - self.start)


def reset_resident_peak() -> int:
    """Reset the recorded peak of the resident set, where the system allows it; returns the current size in bytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return resident("VmHWM")
    return resident("VmRSS")


def resident(key: str) -> int:
    """A size of this process in bytes, from the line `key` of /proc/self/status; 0 where there is none."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(key)), 0)


def linear_bytes(linear: Linear) -> int:
    """Bytes of the weight matrix, without what packing it adds."""
    return linear.inputs * linear.outputs * linear.dtype.itemsize


def bytes_of(part: AdapterPool | LlamaController) -> int:
    """Bytes of weights that one step reads: of the adapters alone for a pool with adapters, else of all matrices.

    The input embedding does not count, because a step reads only a few rows of it.
    """
    if isinstance(part, AdapterPool) and part.stacks:
        # Zeros that pad smaller ranks are not counted.
        return sum(stack.factors * stack.down.dtype.itemsize for stack in part.stacks if stack)
    layers = sum(linear_bytes(linear) for layer in part.llama.layers for linear in layer.joined)
    return layers + linear_bytes(part.head)


def cache_bytes(llama: Llama, length: int) -> int:
    """Bytes of keys and values of one row of `length` tokens, in the dtype of the model."""
    return 2 * len(llama.layers) * llama.kv_heads * llama.head_size * length * llama.dtype.itemsize


def bandwidth(device, megabytes: int = 512, tries: int = 8) -> float:
    """Bytes per second at which a buffer of so many MiB is read; the best of several tries."""
    data = torch.ones(megabytes * 2**18, device=device)
    best = float("inf")
    for _ in range(tries):
        begun = time.perf_counter()
        data.sum().item()
        best = min(best, time.perf_counter() - begun)
    return data.numel() * 4 / best
