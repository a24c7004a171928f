"""The ways of running several experts that the benchmark compares, each as a pool of the decode loop."""

from collections.abc import Callable

import torch

from mope.decoding.pool import ExpertPool
from mope.engine.module_state import ModuleState, cached_forward, new_state
from mope.pools.adapters import AdapterPool


class SplitPool(ExpertPool):
    """The experts of an adapter pool in several forward passes, one per group of rows, as most public code does."""

    def __init__(self, pool: AdapterPool, group: Callable[[int, int], int]):
        """`group(row, expert)` says in which pass a row runs."""
        self.pool, self.group = pool, group
        self.names, self.vocab_size, self.device = pool.names, pool.vocab_size, pool.device

    def prefill(self, prompts: list[list[int]], experts: list[int]) -> tuple[list, torch.Tensor]:
        groups: dict[int, list[int]] = {}
        for row, expert in enumerate(experts):
            groups.setdefault(self.group(row, expert), []).append(row)
        state, parts = [], []
        for rows in groups.values():
            own, logprobs = self.pool.prefill([prompts[r] for r in rows], [experts[r] for r in rows])
            state.append((torch.tensor(rows, device=self.device), own))
            parts.append(logprobs)
        return state, self._gather(state, parts)

    def step(self, state: list, tokens: torch.Tensor) -> torch.Tensor:
        return self._gather(state, [self.pool.step(own, tokens[rows]) for rows, own in state])

    def fixed(self, state: list, steps: int) -> list:
        """The groups on buffers that keep their shape and address, with room for so many steps."""
        return [(rows, self.pool.fixed(own, steps)) for rows, own in state]

    def keep(self, state: list, rows: torch.Tensor) -> None:
        raise NotImplementedError("benchmarks drop no rows")

    @staticmethod
    def _gather(state: list, parts: list[torch.Tensor]) -> torch.Tensor:
        return torch.cat(parts)[torch.cat([rows for rows, _ in state]).argsort()]


class MixedBatchPool(ExpertPool):
    """PEFT's mixed batch: one forward pass with `adapter_names`, one name per row."""

    def __init__(self, model: torch.nn.Module, names: tuple[str, ...]):
        self.model, self.names = model, names
        self.vocab_size, self.device = model.config.vocab_size, model.device

    def prefill(self, prompts: list[list[int]], experts: list[int]) -> tuple[tuple[ModuleState, list], torch.Tensor]:
        state, tokens = new_state(prompts, self.model.config, self.device)
        adapters = [self.names[expert] for expert in experts]
        return (state, adapters), self._forward(state, adapters, tokens)

    def step(self, state: tuple[ModuleState, list], tokens: torch.Tensor) -> torch.Tensor:
        own, adapters = state
        own.append(len(tokens))
        return self._forward(own, adapters, tokens[:, None])

    def keep(self, state, rows: torch.Tensor) -> None:
        raise NotImplementedError("benchmarks drop no rows")

    def _forward(self, state: ModuleState, adapters: list[str], tokens: torch.Tensor) -> torch.Tensor:
        return cached_forward(self.model, state, tokens, adapter_names=adapters).log_softmax(dim=-1)
