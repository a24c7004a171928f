"""Expert pool (a): LoRA adapters over one base model, all experts of all requests in one forward pass."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from mope.decoding.pool import ExpertPool
from mope.engine.fixed_cache import FixedCache
from mope.engine.kv_cache import KeyValueCache, distinct, left_pad
from mope.engine.linear import Linear
from mope.engine.llama import Llama
from mope.engine.lora import Adapter, AdapterBatch, read_adapter, stack_adapters

BASE = "__base__"


@dataclass
class AdapterState:
    """R rows of a batch. The forward pass sees them ordered by adapter: its row j is the caller's row order[j].

    experts, order and inverse are int64 (R,); inverse[order] is 0, 1, 2, ...; `batch` is None without adapters.
    """

    experts: torch.Tensor
    order: torch.Tensor
    inverse: torch.Tensor
    batch: AdapterBatch | None
    cache: KeyValueCache | FixedCache


class AdapterPool(ExpertPool):
    """Experts as adapters {name: PEFT folder, "__base__" for the bare base, or an in-memory adapter}.

    `base` is a model folder or a loaded Hugging Face causal LM of a LLaMA-shaped family.
    """

    fixes = True

    def __init__(
        self,
        base,
        adapters: Mapping[str, str | Path | Adapter],
        dtype: torch.dtype = torch.float32,
        device: str | torch.device = "cpu",
    ):
        if isinstance(base, str | Path):
            base = AutoModelForCausalLM.from_pretrained(base, dtype=dtype, trust_remote_code=False)
        base = base.to(device=device, dtype=dtype)
        self.llama = Llama(base.get_decoder())
        self.head = Linear(base.get_output_embeddings().weight.detach(), None)
        self.vocab_size = self.head.outputs
        self.bytes_per_token = self.llama.bytes_per_token
        self.device = self.head.device
        self._adapt(adapters)

    def _adapt(self, adapters: Mapping[str, str | Path | Adapter]) -> None:
        self.names = tuple(adapters)
        read = [{} if a == BASE else a if isinstance(a, dict) else read_adapter(a) for a in adapters.values()]
        self.stacks = stack_adapters(self.llama, read) if any(read) else None

    def beside(self, adapters: Mapping[str, str | Path | Adapter]) -> "AdapterPool":
        """A pool of other adapters on the same base, which is not copied."""
        other = copy.copy(self)
        other._adapt(adapters)
        return other

    def prefill(self, prompts: list[list[int]], experts: list[int]) -> tuple[AdapterState, torch.Tensor]:
        [started] = self.prefill_parts(prompts, experts)
        return started

    def prefill_parts(
        self, prompts: list[list[int]], experts: list[int], width: int | None = None
    ) -> Iterator[tuple[AdapterState, torch.Tensor] | None]:
        """`prefill` by `width` columns of tokens, a multiple of 8; yields None between two parts, then its result."""
        which = torch.tensor(experts, device=self.device)
        order = which.argsort(stable=True)
        # Several answers to one prompt share its forward pass.
        read, places = distinct([(experts[row], tuple(prompts[row])) for row in order.tolist()])
        different = [prompt for _, prompt in read]
        cache = self.llama.new_cache([len(prompt) for prompt in different])
        batch = self._batch(torch.tensor([expert for expert, _ in read], device=self.device))
        tokens = left_pad(different, self.device)
        *before, last = tokens.split(width or tokens.shape[1], dim=1)
        for part in before:
            self.llama.forward(part, cache, batch)
            yield None
        hidden = self.llama.forward(last, cache, batch)
        if len(read) < len(prompts):
            rows = torch.tensor(places, device=self.device)
            cache.keep(rows)
            hidden, batch = hidden[rows], self._batch(which[order])
        state = AdapterState(which, order, order.argsort(), batch, cache)
        yield state, self._log_probabilities(state, hidden)

    def join(self, state: AdapterState, other: AdapterState) -> None:
        """Append the rows of another state of this pool to those of `state`."""
        own = len(state.experts)
        places = torch.cat([state.inverse, other.inverse + own])
        state.experts = torch.cat([state.experts, other.experts])
        state.order = state.experts.argsort(stable=True)
        state.inverse = state.order.argsort()
        state.cache.join(other.cache, places[state.order])
        state.batch = self._batch(state.experts[state.order])

    def step(self, state: AdapterState, tokens: torch.Tensor) -> torch.Tensor:
        return self._log_probabilities(state, self.llama.forward(tokens[state.order, None], state.cache, state.batch))

    def fixed(self, state: AdapterState, steps: int) -> AdapterState:
        """The same rows on buffers that keep their shape and address, with room for `steps` steps."""
        return replace(state, cache=FixedCache(state.cache, state.cache.length + steps))

    def keep(self, state: AdapterState, rows: torch.Tensor) -> None:
        state.experts = state.experts[rows]
        state.order = state.experts.argsort(stable=True)
        state.cache.keep(state.inverse[rows[state.order]])
        state.inverse = state.order.argsort()
        state.batch = self._batch(state.experts[state.order])

    def _batch(self, experts: torch.Tensor) -> AdapterBatch | None:
        return AdapterBatch(self.stacks, experts) if self.stacks else None

    def _log_probabilities(self, state: AdapterState, hidden: torch.Tensor) -> torch.Tensor:
        return self.head(hidden[state.inverse]).float().log_softmax(dim=-1)
