"""Devices, precision and batches of every trainer, decided in one place; several processes share the work of one."""

import torch
from accelerate import PartialState
from accelerate.utils import gather_object

from mope.errors import MopeError


def init_distributed() -> PartialState:
    """Join the process group of this training, if it has several processes, and give each a device of its own."""
    return PartialState(cpu=not torch.cuda.is_available())


def trainer_options(dtype: torch.dtype) -> dict:
    """Options that every TRL config needs. In bfloat16 the products of float32 weights are computed in it too."""
    return {"use_cpu": not torch.cuda.is_available(), "bf16": dtype == torch.bfloat16, "report_to": "none"}


def loading_options(dtype: torch.dtype) -> dict:
    """Options of `from_pretrained` for a base to be trained in `dtype`.

    On a CPU two products are 2.5 times as fast as the fused kernel for attention in bfloat16, backwards (torch 2.13).
    """
    plain = dtype == torch.bfloat16 and not torch.cuda.is_available()
    return {"dtype": dtype, **({"attn_implementation": "eager"} if plain else {})}


def batch_options(key: str, batch: int, micro_batch: int | None) -> dict:
    """Options of a TRL config for steps of `batch` rows by all processes, `micro_batch` rows per backward pass of each.

    `key` is the section of the configuration. Activations are computed again where memory is short.
    """
    processes = init_distributed().num_processes
    if batch % processes:
        raise MopeError(f"devices.{key}: {processes} found, a divisor of {batch} (the batch) is expected")
    own = batch // processes
    micro = min(micro_batch or own, own)
    if own % micro:
        raise MopeError(f"{key}.micro_batch: {micro} found, a divisor of {own} (the batch of a process) is expected")
    return {
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": own // micro,
        "activation_checkpointing": (micro_batch or batch) < batch,
    }


def gather_rows(values: torch.Tensor) -> torch.Tensor:
    """The rows of all processes, in the order of the processes, on the CPU."""
    return torch.tensor(gather_object(values.tolist()), dtype=values.dtype)
