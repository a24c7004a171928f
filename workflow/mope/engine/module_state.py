"""A left-padded batch and its cache in a Hugging Face module."""

from dataclasses import dataclass

import torch
from transformers import DynamicCache

from mope.engine.kv_cache import left_pad


@dataclass
class ModuleState:
    """The module's cache and which of its slots hold tokens (1) or padding (0), int64 (R, T)."""

    cache: DynamicCache
    attention: torch.Tensor

    def append(self, rows: int) -> None:
        """Make room for one more token in each of the `rows` rows, before the module reads it."""
        self.attention = torch.cat([self.attention, self.attention.new_ones(rows, 1)], dim=1)

    def keep(self, rows: torch.Tensor) -> None:
        """Keep these rows, int64 indices."""
        self.cache.batch_select_indices(rows)
        self.attention = self.attention[rows]


def new_state(prompts: list[list[int]], config, device) -> tuple[ModuleState, torch.Tensor]:
    """State whose cache is empty and whose attention covers these prompts; and the prompts as tokens (R, T), padded."""
    attention = left_pad([[1] * len(prompt) for prompt in prompts], device)
    return ModuleState(DynamicCache(config=config), attention), left_pad(prompts, device)


def cached_forward(module: torch.nn.Module, state: ModuleState, tokens: torch.Tensor, **options) -> torch.Tensor:
    """Logits (R, ...) float32 after the last of the tokens (R, T), which `state.attention` already covers.

    `options` go to the module.
    """
    positions = (state.attention.cumsum(dim=1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
    out = module(
        input_ids=tokens,
        attention_mask=state.attention,
        position_ids=positions,
        past_key_values=state.cache,
        use_cache=True,
        **options,
    )
    state.cache = out.past_key_values
    return out.logits[:, -1].float()
