"""The expert pool that fits a base model and this machine."""

from collections.abc import Mapping
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from mope.decoding.pool import ExpertPool
from mope.engine.llama import check_family
from mope.engine.lora import Adapter
from mope.errors import MopeError
from mope.pools.adapters import BASE, AdapterPool
from mope.pools.any_family import AnyFamilyPool
from mope.runtime.precision import device, dtype_of


def placement(precision: str) -> tuple[torch.dtype, str]:
    """The dtype and device of every pool, by `precision` in config.yaml."""
    return dtype_of(precision, device()), device()


def open_pool(base: str | Path, adapters: Mapping[str, str | Path | Adapter], precision: str = "float32") -> ExpertPool:
    """Experts {name: PEFT folder, "__base__" for the bare base, or an in-memory adapter} over the model in `base`.

    The pool is on a GPU where there is one. A LLaMA-shaped model runs all experts in one forward pass; another family
    runs them one after the other, and a line says why.
    """
    dtype, where = placement(precision)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype, trust_remote_code=False)
    try:
        check_family(model.get_decoder())
    except MopeError as reason:
        print(f"one forward pass per expert ({reason})", flush=True)
        plain = {name: None if adapter == BASE else adapter for name, adapter in adapters.items()}
        return AnyFamilyPool(model, plain, dtype, where)
    return AdapterPool(model, adapters, dtype, where)
