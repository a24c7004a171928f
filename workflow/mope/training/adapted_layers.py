"""Which linear maps of a base an adapter changes: those of all its layers, or of its last ones."""

import torch
from transformers import PreTrainedModel

from mope.errors import MopeError


def adapted_layers(model: PreTrainedModel, layers: int | None, key: str) -> dict:
    """Arguments of `LoraConfig` for all linear maps of the last `layers` layers of `model` (None: of all layers).

    `key` is the configuration's, which the `MopeError` names where the model has fewer layers.
    """
    if layers is None:
        return {"target_modules": "all-linear"}
    depth = model.config.num_hidden_layers
    if layers > depth:
        raise MopeError(f"{key}: {layers} found, a number ≤ {depth} (the base's) is expected")
    maps = {name for name, module in model.base_model.named_modules() if isinstance(module, torch.nn.Linear)}
    return {
        "target_modules": sorted({name.rpartition(".")[2] for name in maps}),
        "layers_to_transform": list(range(depth - layers, depth)),
    }
