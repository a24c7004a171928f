"""A controller of any architecture, run by its own forward pass: what the fast one is compared with."""

import torch

from mope.engine.module_state import ModuleState, cached_forward, new_state


class ModuleController:
    """Runs `module`, whose forward pass returns `.logits` (B, T, n) and `.past_key_values`.

    Its arguments are input_ids, attention_mask, position_ids, past_key_values and use_cache; it has `.config` and
    `.device`. The decode loop applies the masks.
    """

    def __init__(self, module: torch.nn.Module):
        self.module = module.eval()

    def prefill(self, prompts: list[list[int]], masks: torch.Tensor) -> tuple[ModuleState, torch.Tensor]:
        state, tokens = new_state(prompts, self.module.config, self.module.device)
        return state, cached_forward(self.module, state, tokens)

    def step(self, state: ModuleState, tokens: torch.Tensor) -> torch.Tensor:
        state.append(len(tokens))
        return cached_forward(self.module, state, tokens[:, None])

    def keep(self, state: ModuleState, rows: torch.Tensor) -> None:
        state.keep(rows)
