"""A folder that looks like a model's from outside: configuration, tokenizer and whole weights, of one number each."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file


def bare_model_folder(folder: Path, **config: object) -> Path:
    """Make the folder, with `config` added to its config.json, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"} | config))
    (folder / "tokenizer.json").write_text("{}")
    save_file({"weight": torch.zeros(1)}, folder / "model.safetensors")
    return folder
