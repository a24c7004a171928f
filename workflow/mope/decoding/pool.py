"""What the decode loop asks of a set of experts, wherever they run."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch

from mope.decoding.request import Request
from mope.runtime.device_memory import free_memory

MOST_REQUESTS = 64  # requests in a batch
# Taken as free for a batch off CUDA: one number for every machine, because the size of a batch decides about rounding.
HOST_BYTES = 5_000_000_000
# How much memory a batch takes at most, in sizes of its cache. A growing cache is copied to a larger buffer; a fixed
# one is filled from the cache of the prompts.
GROWING_COPIES, FIXED_COPIES = 2.0, 1.25


class ExpertPool(ABC):
    """Experts that share a tokenizer. A row is one expert reading one text; a batch has R rows."""

    names: tuple[str, ...]
    vocab_size: int
    device: torch.device
    # Whether a finished row may stay until enough others have finished: not where each row is a call to a server.
    waits: bool = True
    # Bytes that one token takes in the cache of a row; 0 where it is unknown.
    bytes_per_token: int = 0

    # Whether there is a method `fixed(state, steps)`: the state in buffers of fixed shape, for steps without the host.
    fixes: bool = False

    def room(self, requests: Sequence[Request], fixed: bool = False) -> int:
        """How many of the requests to decode at a time: on a GPU of CUDA as many as its free memory has room for.

        `fixed`: in caches that are allocated once, instead of copied when they grow.
        """
        if not self.bytes_per_token:
            return MOST_REQUESTS
        free = free_memory(self.device) if self.device.type == "cuda" else HOST_BYTES
        return fitting(free, requests, self.bytes_per_token, FIXED_COPIES if fixed else GROWING_COPIES)

    @abstractmethod
    def prefill(self, prompts: list[list[int]], experts: list[int]) -> tuple[object, torch.Tensor]:
        """Start R rows: row r is expert `experts[r]` (index into `names`) reading `prompts[r]`.

        Returns the state of the rows and log-probabilities (R, V) of the next token, float32; -inf is zero mass.
        """

    @abstractmethod
    def step(self, state, tokens: torch.Tensor) -> torch.Tensor:
        """Append one token per row, int64 (R,); the next log-probabilities (R, V)."""

    @abstractmethod
    def keep(self, state, rows: torch.Tensor) -> None:
        """Keep only these rows, int64 indices in ascending order, and free what the others held."""


def fitting(free: int, requests: Sequence[Request], bytes_per_token: int, copies: float = GROWING_COPIES) -> int:
    """The number of requests whose caches, `copies` times, fill at most 80 % of `free` bytes; at least 1.

    All are counted as long as the longest of `requests`.
    """
    longest = max(len(r.experts) * (max(map(len, r.prompts)) + r.max_new_tokens) for r in requests)
    return max(1, min(MOST_REQUESTS, int(0.8 * free // (copies * longest * bytes_per_token))))
