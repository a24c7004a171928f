"""The settings of LoRA adapters that are understood here. Others are refused: they might mean other weights."""

import json
from collections.abc import Mapping
from pathlib import Path

from mope.errors import MopeError

# How the adapter was made or stored: these do not change what the weights in its file mean.
FREE = {
    "auto_mapping", "base_model_name_or_path", "ensure_weight_tying", "exclude_modules", "fan_in_fan_out",
    "inference_mode", "layers_pattern", "layers_to_transform", "lora_dropout", "peft_version", "r", "rank_pattern",
    "revision", "target_modules", "task_type",
}  # fmt: skip
# Values of keys that have an effect only if another key switches their method on.
IDLE = {"megatron_core": "megatron.core", "qalora_group_size": 16}
# Keys of which only these values are understood. Other ways to begin, such as PiSSA, change the base's own weights.
UNDERSTOOD = {
    "peft_type": ("LORA",),
    "bias": ("none",),
    "use_rslora": (False, True),
    "init_lora_weights": (True, False, "gaussian", "orthogonal", "eva"),
}
HEADS = ("classifier", "score")  # modules that a reward model may save whole; `read_reward_adapter` checks the weights
WITHOUT_EFFECT = (None, False, {}, [])  # whatever the key


def read_adapter_config(folder: Path) -> dict:
    """The configuration of a PEFT adapter; `MopeError` that names a key of which the meaning is not known here."""
    file = folder / "adapter_config.json"
    try:
        config = json.loads(file.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        raise MopeError(f"{file}: not found; a PEFT adapter folder was expected") from None
    except (OSError, ValueError, RecursionError) as error:
        raise MopeError(f"{file}: cannot be read ({error}); the JSON of a PEFT adapter is expected") from None
    check_adapter_config(config, str(file))
    return config


def check_adapter_config(config: Mapping, place: str) -> None:
    """`MopeError`, which begins with the `place`, unless the keys and values are understood."""
    if not isinstance(config, Mapping) or "peft_type" not in config:
        raise MopeError(f"{place}: no peft_type; the configuration of a PEFT adapter is expected")
    alpha = config.get("lora_alpha")
    if type(alpha) not in (int, float) or not 0 < alpha < float("inf"):
        raise MopeError(f"{place}: lora_alpha is {alpha!r}, a number above 0 is expected")
    for key, value in config.items():
        if key in FREE or key == "lora_alpha" or value in UNDERSTOOD.get(key, ()):
            continue
        if key != "peft_type" and (value in WITHOUT_EFFECT or value == IDLE.get(key, WITHOUT_EFFECT)):
            continue
        if key == "modules_to_save" and isinstance(value, list) and all(name in HEADS for name in value):
            continue
        known = " or ".join(map(repr, UNDERSTOOD.get(key, (IDLE.get(key),))))
        raise MopeError(f"{place}: {key} is {value!r}, only {known} is supported")
