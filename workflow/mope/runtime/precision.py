"""The numbers that models compute in: `precision` in config.yaml."""

import torch

PRECISIONS = ("auto", "float32", "bfloat16")


def device() -> str:
    """Where models run: on a GPU where there is one, of CUDA or (mps) of Apple."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def dtype_of(precision: str, device: str) -> torch.dtype:
    """`auto` is bfloat16 on a device with instructions for it, where it is several times as fast; else float32."""
    half = precision == "bfloat16" or (precision == "auto" and fast_bfloat16(device))
    return torch.bfloat16 if half else torch.float32


def fast_bfloat16(device: str) -> bool:
    """Whether a GPU, or this CPU (AVX512-BF16 or AMX), multiplies in bfloat16.

    Apple's GPUs are not asked: older ones have no instructions for it, and some operations lack it on all of them.
    """
    if device == "cuda":
        return torch.cuda.is_bf16_supported()
    if device == "mps":
        return False
    found = torch.cpu.get_capabilities()
    return any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
