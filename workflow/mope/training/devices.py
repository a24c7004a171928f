"""Device and precision of every trainer, decided in one place."""

import torch


def trainer_options() -> dict:
    """Options that every TRL config needs: bf16 on a GPU; plain float32 on a CPU, where TRL must be told so."""
    gpu = torch.cuda.is_available()
    return {"use_cpu": not gpu, "bf16": gpu and torch.cuda.is_bf16_supported(), "report_to": "none"}
