"""Checkpoints of a module that is trained without a Trainer, as safetensors and JSON, without pickle."""

import json

import torch
from safetensors.torch import load_file, save_file

from mope.training.checkpoints import Checkpoints


def store(saved: Checkpoints, module: torch.nn.Module, optimizer, schedule, rows: list[dict]) -> None:
    """Save weights, optimizer, schedule and training curve (one row per step); raises `Stopped` after a signal."""
    state = optimizer.state_dict()
    moments = {f"{i}.{key}": tensor for i, entry in state["state"].items() for key, tensor in entry.items()}
    rest = {"groups": state["param_groups"], "schedule": schedule.state_dict(), "rows": rows}
    with saved.save(len(rows)) as folder:
        folder.mkdir()
        save_file(dict(module.state_dict()), folder / "module.safetensors")
        save_file(moments, folder / "optimizer.safetensors")
        (folder / "state.json").write_text(json.dumps(rest))


def restore(saved: Checkpoints, module: torch.nn.Module, optimizer, schedule) -> list[dict]:
    """Load the last checkpoint into these objects; returns its rows of the training curve, [] without a checkpoint."""
    found = saved.latest()
    if found is None:
        return []
    step, folder = found
    rest = json.loads((folder / "state.json").read_text())
    state: dict[int, dict] = {}
    for name, tensor in load_file(folder / "optimizer.safetensors").items():
        i, key = name.split(".", 1)
        state.setdefault(int(i), {})[key] = tensor
    module.load_state_dict(load_file(folder / "module.safetensors"))
    optimizer.load_state_dict({"state": state, "param_groups": rest["groups"]})
    schedule.load_state_dict(rest["schedule"])
    print(f"going on after step {step}", flush=True)
    return rest["rows"]
