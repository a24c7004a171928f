"""The controller (PCM) as the decode loop sees it, with a cache of its own."""

from typing import Protocol

import torch

from mope.engine.fixed_cache import FixedCache
from mope.engine.kv_cache import KeyValueCache, distinct, left_pad
from mope.engine.linear import Linear
from mope.engine.llama import Llama


class StepController(Protocol):
    """Gives the weights' logits of B requests, one per expert of the pool (n)."""

    def prefill(self, prompts: list[list[int]], masks: torch.Tensor) -> tuple[object, torch.Tensor]:
        """Start B requests; masks (B, n) bool marks each one's experts. State and logits (B, n) for the first token."""

    def step(self, state, tokens: torch.Tensor) -> torch.Tensor:
        """Append one token per request, int64 (B,); logits (B, n) for the next."""

    def keep(self, state, rows: torch.Tensor) -> None:
        """Keep only these requests, ascending int64 indices."""


class LlamaController:
    """A controller of a LLaMA-shaped body and a linear head of n outputs, on the fast forward pass of the experts.

    Build it again after an update of the weights. The loop applies the masks.
    """

    def __init__(self, body: torch.nn.Module, head: torch.nn.Linear):
        self.llama = Llama(body)
        self.head = Linear(head.weight.detach(), None if head.bias is None else head.bias.detach())

    def prefill(self, prompts: list[list[int]], masks: torch.Tensor) -> tuple[KeyValueCache, torch.Tensor]:
        read, places = distinct([tuple(prompt) for prompt in prompts])  # several answers to one prompt share its pass
        cache = self.llama.new_cache([len(prompt) for prompt in read])
        logits = self._forward(left_pad(read, self.llama.device), cache)
        if len(read) == len(prompts):
            return cache, logits
        rows = torch.tensor(places, device=self.llama.device)
        cache.keep(rows)
        return cache, logits[rows]

    def step(self, state: KeyValueCache | FixedCache, tokens: torch.Tensor) -> torch.Tensor:
        return self._forward(tokens[:, None], state)

    def fixed(self, state: KeyValueCache, steps: int) -> FixedCache:
        """The same requests on buffers that keep their shape and address, with room for `steps` steps."""
        return FixedCache(state, state.length + steps)

    def keep(self, state: KeyValueCache, rows: torch.Tensor) -> None:
        state.keep(rows)

    def join(self, state: KeyValueCache, other: KeyValueCache) -> None:
        """Append the requests of another state to those of `state`."""
        state.join(other, torch.arange(len(state.pad) + len(other.pad), device=state.pad.device))

    def _forward(self, tokens: torch.Tensor, cache: KeyValueCache | FixedCache) -> torch.Tensor:
        return self.head(self.llama.forward(tokens, cache)).float()


class ConstantLogits:
    """Logits that stay the same for the whole answer: a row of `table` (C, n).

    The single token of a request's prompt is the number of its row.
    """

    def __init__(self, table: torch.Tensor):
        self.table = table.detach().float()

    def prefill(self, prompts: list[list[int]], masks: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
        logits = self.table[[row for [row] in prompts]]
        return [logits], logits

    def step(self, state: list[torch.Tensor], tokens: torch.Tensor) -> torch.Tensor:
        return state[0]

    def fixed(self, state: list[torch.Tensor], steps: int) -> list[torch.Tensor]:
        """The state, which never changes."""
        return state

    def keep(self, state: list[torch.Tensor], rows: torch.Tensor) -> None:
        state[0] = state[0][rows]

    def join(self, state: list[torch.Tensor], other: list[torch.Tensor]) -> None:
        """Append the requests of another state to those of `state`."""
        state[0] = torch.cat([state[0], other[0]])
