"""The dtype in which models compute: `precision` in config.yaml."""

import torch

PRECISIONS = ("auto", "float32", "bfloat16")


def device() -> str:
    """The device on which models run: "cuda" or (Apple's) "mps" if there is such a GPU, else "cpu"."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def dtype_of(precision: str, device: str) -> torch.dtype:
    """The dtype for a value of `PRECISIONS` on "cuda", "mps" or "cpu".

    `auto` is bfloat16 on a device with bfloat16 instructions, where it is several times as fast, and float32 elsewhere.
    """
    half = precision == "bfloat16" or (precision == "auto" and fast_bfloat16(device))
    return torch.bfloat16 if half else torch.float32


def fast_bfloat16(device: str) -> bool:
    """Whether the GPU, or this CPU (by AVX512-BF16 or AMX), has instructions for products in bfloat16.

    Never "mps": older GPUs of Apple have none, and some operations lack bfloat16 on all of them.
    """
    if device == "cuda":
        return torch.cuda.is_bf16_supported()
    if device == "mps":
        return False
    found = torch.cpu.get_capabilities()
    return any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
