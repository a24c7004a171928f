"""Reward models as adapters on the base that the experts use, so that a large base is held in memory only once."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from mope.engine.kv_cache import left_pad
from mope.engine.llama import Llama
from mope.engine.lora import Adapter, AdapterBatch, read_reward_adapter, stack_adapters
from mope.errors import MopeError
from mope.runtime.device_memory import free_memory

MOST_TEXTS = 64  # in a batch


class SharedRewards:
    """Reward models on `llama`, the base of an expert pool.

    `adapters` maps a name to a PEFT folder, or to an adapter and its head (H,) in memory.
    """

    def __init__(self, llama: Llama, adapters: Mapping[str, str | Path | tuple[Adapter, torch.Tensor]]):
        self.llama, self.names = llama, tuple(adapters)
        read = [a if isinstance(a, tuple) else read_reward_adapter(a) for a in adapters.values()]
        self.stacks = stack_adapters(llama, [adapter for adapter, _ in read])
        self.heads = torch.stack([head for _, head in read]).to(llama.device)

    @torch.inference_mode()
    def score(self, texts: Sequence[list[int]], rewards: Sequence[int], batch_size: int | None = None) -> torch.Tensor:
        """Rewards (N,), float32 on the CPU: text n (token ids of a conversation) is scored by model `rewards[n]`.

        All models of a batch run in one forward pass; the score is read at the last token. `batch_size` None: what the
        device has room for. `MopeError` where a text is empty, or where `texts` and `rewards` differ in length.
        """
        if len(texts) != len(rewards) or not all(texts):
            raise MopeError(f"{len(texts)} texts for {len(rewards)} reward models; one non-empty text each is needed")
        batch_size = batch_size or self._room(max(map(len, texts), default=1))
        out = torch.empty(len(texts))
        by_length = sorted(range(len(texts)), key=lambda n: -len(texts[n]))
        for first in range(0, len(texts), batch_size):
            rows = sorted(by_length[first : first + batch_size], key=lambda n: rewards[n])
            which = torch.tensor([rewards[n] for n in rows], device=self.llama.device)
            chosen = [texts[n] for n in rows]
            cache = self.llama.new_cache([len(text) for text in chosen])
            hidden = self.llama.forward(left_pad(chosen, self.llama.device), cache, AdapterBatch(self.stacks, which))
            out[rows] = (hidden.float() * self.heads[which]).sum(dim=-1).float().cpu()
        return out

    def _room(self, longest: int) -> int:
        """How many texts of `longest` tokens to read at a time; a GPU has room for twice their keys and values."""
        if self.llama.device.type != "cuda":
            return MOST_TEXTS
        needed = 2 * longest * self.llama.bytes_per_token
        return max(1, min(MOST_TEXTS, int(0.8 * free_memory(self.llama.device) / needed)))
