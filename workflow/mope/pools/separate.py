"""Expert pool (b): separate models that share a tokenizer, any Hugging Face causal LMs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from mope.decoding.pool import ExpertPool
from mope.engine.module_state import ModuleState, cached_forward, new_state
from mope.errors import MopeError


@dataclass
class SeparateState:
    """For each expert in use: the caller's rows that it runs (int64, ascending), and their cache."""

    rows: dict[int, torch.Tensor]
    states: dict[int, ModuleState]


class SeparatePool(ExpertPool):
    """Experts {name: model folder or loaded causal LM}; one forward pass per distinct expert and step.

    With `dtype` None every model keeps its own. `MopeError` for vocabularies of different sizes.
    """

    def __init__(
        self,
        models: Mapping[str, object],
        dtype: torch.dtype | None = torch.float32,
        device: str | torch.device = "cpu",
    ):
        self.names = tuple(models)
        self.models = [
            AutoModelForCausalLM.from_pretrained(model, dtype=dtype, trust_remote_code=False)
            if isinstance(model, str | Path)
            else model
            for model in models.values()
        ]
        self.models = [model.to(device=device, dtype=dtype).eval() for model in self.models]
        self.device = torch.device(device)
        sizes = {name: model.config.vocab_size for name, model in zip(self.names, self.models, strict=True)}
        self.vocab_size = next(iter(sizes.values()))
        if len(set(sizes.values())) > 1:
            raise MopeError(f"separate models: vocabulary sizes {sizes}; experts must share one tokenizer")

    def prefill(self, prompts: list[list[int]], experts: list[int]) -> tuple[SeparateState, torch.Tensor]:
        state, parts = SeparateState({}, {}), {}
        for expert in sorted(set(experts)):
            rows = [row for row, e in enumerate(experts) if e == expert]
            state.rows[expert] = torch.tensor(rows, device=self.device)
            model = self.models[expert]
            state.states[expert], tokens = new_state([prompts[row] for row in rows], model.config, self.device)
            parts[expert] = cached_forward(model, state.states[expert], tokens)
        return state, self._gather(state, parts)

    def step(self, state: SeparateState, tokens: torch.Tensor) -> torch.Tensor:
        parts = {}
        for expert, rows in state.rows.items():
            state.states[expert].append(len(rows))
            parts[expert] = cached_forward(self.models[expert], state.states[expert], tokens[rows, None])
        return self._gather(state, parts)

    def keep(self, state: SeparateState, rows: torch.Tensor) -> None:
        for expert, old in list(state.rows.items()):
            stays = torch.isin(old, rows)
            if not stays.any():
                del state.rows[expert], state.states[expert]
                continue
            state.states[expert].keep(stays.nonzero()[:, 0])
            state.rows[expert] = torch.searchsorted(rows, old[stays])

    def _gather(self, state: SeparateState, parts: dict[int, torch.Tensor]) -> torch.Tensor:
        """Logits of the experts' rows as log-probabilities (R, V) in the caller's order."""
        order = torch.cat([state.rows[expert] for expert in parts])
        return torch.cat(list(parts.values()))[order.argsort()].log_softmax(dim=-1)
