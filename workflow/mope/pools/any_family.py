"""Expert pool (c): adapters over one base of any architecture, by PEFT; one forward pass per expert and step."""

import contextlib
import inspect
from collections.abc import Mapping
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import LoraLayer

from mope.engine.lora import Adapter, local_name, read_adapter
from mope.pools.separate import SeparatePool


class AnyFamilyPool(SeparatePool):
    """Experts as adapters {name: PEFT folder, None for the bare base, or an in-memory adapter} over a loaded causal LM.

    Slower than `AdapterPool`, which is for LLaMA-shaped models alone; this one is for every family that PEFT and
    `generate` support.
    """

    def __init__(self, base, adapters: Mapping[str, str | Path | Adapter | None], dtype: torch.dtype, device: str):
        self.names, self.device = tuple(adapters), torch.device(device)
        self.vocab_size = base.config.vocab_size
        model, given = base.to(device=device, dtype=dtype), set()
        for number, adapter in enumerate(adapters.values()):
            if adapter is not None:
                read = adapter if isinstance(adapter, dict) else read_adapter(adapter)
                model = add_adapter(model, f"expert{number}", read, first=not given)
                given.add(number)
        model.eval()
        self.models = [Expert(model, f"expert{i}" if i in given else None) for i in range(len(self.names))]


class Expert:
    """The model with one of its adapters switched on, or with none; called like the model."""

    def __init__(self, model, adapter: str | None):
        self.model, self.adapter, self.config = model, adapter, model.config
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        self.takes_positions = "position_ids" in inspect.signature(inner.forward).parameters

    def __call__(self, position_ids: torch.Tensor, **inputs):
        if self.takes_positions:  # else the model counts them itself, from the attention mask
            inputs["position_ids"] = position_ids
        if self.adapter is not None:
            self.model.set_adapter(self.adapter)
            return self.model(**inputs)
        plain = self.model.disable_adapter() if hasattr(self.model, "disable_adapter") else contextlib.nullcontext()
        with plain:
            return self.model(**inputs)


def add_adapter(model, name: str, adapter: Adapter, first: bool):
    """The model with `adapter` (as read by `read_adapter`) as its PEFT adapter `name`."""
    ranks = {module: pair.a.shape[0] for module, pair in adapter.items()}
    config = LoraConfig(
        lora_dropout=0.0,
        target_modules=list(adapter),
        rank_pattern=ranks,
        alpha_pattern={module: pair.scale * ranks[module] for module, pair in adapter.items()},
    )
    if first:
        model = get_peft_model(model, config, adapter_name=name)
    else:
        model.add_adapter(name, config)
    for path, module in model.named_modules():
        if isinstance(module, LoraLayer) and name in module.lora_A:
            own = adapter[local_name(path)]
            module.lora_A[name].weight.data.copy_(own.a)
            module.lora_B[name].weight.data.copy_(own.b)
    return model
