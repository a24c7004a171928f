"""Options of every trainer for devices, precision and batches; several processes may share one training."""

import torch
from accelerate import PartialState
from accelerate.utils import gather_object

from mope.errors import MopeError


def init_distributed() -> PartialState:
    """Join the process group of this training, if it has several processes, each of which gets its own device."""
    return PartialState(cpu=not torch.cuda.is_available())


def trainer_options(dtype: torch.dtype) -> dict:
    """Options that every TRL config needs. With bfloat16, products with float32 weights are in bfloat16 too."""
    return {"use_cpu": not torch.cuda.is_available(), "bf16": dtype == torch.bfloat16, "report_to": "none"}


def loading_options(dtype: torch.dtype) -> dict:
    """Options of `from_pretrained` for a base to be trained in `dtype`.

    For bfloat16 on a CPU, attention is computed by two matrix products: their backward pass is 2.5 times as fast as
    that of the fused kernel (torch 2.13).
    """
    plain = dtype == torch.bfloat16 and not torch.cuda.is_available()
    return {"dtype": dtype, **({"attn_implementation": "eager"} if plain else {})}


def batch_options(key: str, batch: int, micro_batch: int | None) -> dict:
    """Options of a TRL config for steps of `batch` rows over all processes.

    Each process takes `micro_batch` rows per backward pass (None: all of its share). On a GPU with a `micro_batch`
    below `batch`, activations are recomputed in the backward pass to save memory (`recomputes`). `key` is the section
    of the configuration, which errors name: `MopeError` where the processes do not divide `batch`, or `micro_batch`
    does not divide their share.
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
        "activation_checkpointing": recomputes(batch, micro_batch),
    }


def recomputes(batch: int, micro_batch: int | None) -> bool:
    """Whether activations are recomputed in the backward pass: only on a GPU, where memory is scarcer than time."""
    return torch.cuda.is_available() and (micro_batch or batch) < batch


def gather_rows(values: torch.Tensor) -> torch.Tensor:
    """The rows (N, ...) of all processes together, in the order of the processes, on the CPU."""
    return torch.tensor(gather_object(values.tolist()), dtype=values.dtype)
