"""A script that trains several stages, in one process or several: `shared_stages.py FOLDER OUT JOBS`.

FOLDER holds what `training_stages.py` makes; JOBS is JSON, name of the result below OUT -> [stage, changed settings].
The experts that the controller mixes are random adapters.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch
import training_stages as stages
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from mope import preferences
from mope.controller.train import train_controller
from mope.decoding.turn_ends import TurnEnds
from mope.pools.adapters import AdapterPool
from mope.provenance.artifact import write
from mope.runtime.cli import run
from mope.training.checkpoints import checkpoints
from mope.training.devices import init_distributed
from mope.training.expert import task, train_expert
from mope.training.objectives.multitask import train_multitask
from mope.training.reward import train_reward

PROCESS = os.environ.get("RANK", "0")


def letters(prompts: list[str], answers: list[str], *_: object) -> torch.Tensor:
    """A reward that is easy to check: the number of letters e in an answer."""
    return torch.tensor([float(answer.count("e")) for answer in answers])


def reward(folder: Path, settings, saved, out: Path) -> None:
    rows = [(str(i), stages.PROMPTS[i % 5], stages.ANSWERS[i % 5], stages.ANSWERS[(i + 1) % 5]) for i in range(20)]
    feedback = pd.DataFrame(rows, columns=["prompt_id", "prompt", "chosen", "rejected"])
    train_reward(folder / "base", feedback, settings, saved, out)


def policy(folder: Path, settings, saved, out: Path) -> None:
    rows = [(prompt, answer) for prompt in stages.PROMPTS for answer in stages.ANSWERS]
    feedback = {name: pd.DataFrame(rows, columns=["prompt", "chosen"]) for name in ("P1A", "P2A")}
    active = preferences.load_preferences(stages.ROOT / "workflow/prompts/preferences.yaml", stages.IDS)
    train_multitask(folder / "base", feedback, active, settings, saved, out)


def expert(folder: Path, settings, saved, out: Path) -> None:
    tasks = [task(prompt, ["be brief"], "P2A") for prompt in stages.PROMPTS]
    train_expert(folder / "base", letters, tasks, settings, saved, out).to_csv(out / "curve.csv", index=False)


def controller(folder: Path, settings, saved, out: Path) -> None:
    active = preferences.load_preferences(stages.ROOT / "workflow/prompts/preferences.yaml", stages.IDS)
    experts, own = folder / f"experts{PROCESS}", {"r": 4, "target_modules": "all-linear", "init_lora_weights": False}
    torch.manual_seed(0)
    for name in stages.IDS:
        model = AutoModelForCausalLM.from_pretrained(folder / "base")
        get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **own)).save_pretrained(experts / name)
    pool = AdapterPool(folder / "base", {name: experts / name for name in stages.IDS})
    tokenizer, xis = AutoTokenizer.from_pretrained(folder / "base"), active.combinations()
    curve = train_controller(
        tokenizer, pool, letters, stages.PROMPTS, xis, active, settings, saved, out,
        report=print, ends=TurnEnds((tokenizer.eos_token_id,), tokenizer.pad_token_id),
    )  # fmt: skip
    curve.to_csv(out / "curve.csv", index=False)


SETTINGS = {
    "reward": replace(stages.REWARD_SETTINGS, dropout=0.0),
    "policy": stages.EXPERT_SETTINGS,
    "expert": stages.EXPERT_SETTINGS,
    "controller": replace(stages.CONTROLLER_SETTINGS, learning_rate=0.01),
}


def main() -> None:
    torch.set_num_threads(1)
    init_distributed()
    folder, out, jobs = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    for name, (stage, changes) in jobs.items():
        settings, record = replace(SETTINGS[stage], **changes), {"stage": stage, "params": changes, "seeds": {}}
        with checkpoints(out / name, record, [], 1000) as saved, write(out / name, **record) as tmp:
            globals()[stage](folder, settings, saved, tmp)
        print(f"process {PROCESS} is done with {name}")


if __name__ == "__main__":
    run(main)
