"""The four trainings on tiny models. As a script, runs each undisturbed, then killed several times, then stopped.

Every training is a process of its own, forked so that imports take their time only once. Prints the outcomes as JSON.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from tiny_settings import tiny
from transformers import AutoTokenizer

from mope import preferences
from mope.controller.controller_settings import ControllerSettings
from mope.controller.train import train_controller
from mope.decoding.turn_ends import TurnEnds
from mope.pools.adapters import BASE, AdapterPool
from mope.provenance.artifact import fingerprint
from mope.rewards.combined import Rewards
from mope.rewards.forms.bt import BradleyTerry
from mope.rewards.reward_model import RewardModel
from mope.runtime.cli import run
from mope.training.base import BaseSettings, train_base
from mope.training.checkpoints import Checkpoints, checkpoints
from mope.training.expert import ExpertSettings, task, train_expert
from mope.training.reward import RewardSettings, train_reward

ROOT = Path(__file__).resolve().parents[2]
IDS = ["P1A", "P1B", "P2A", "P3A"]
PROMPTS = ["Why is the sky blue?", "What is rain?", "How do bees fly?", "Why do leaves fall?", "What is ice?"]
ANSWERS = ["Light scatters.", "Water falls from clouds.", "They beat their wings.", "It gets cold.", "Frozen water."]
BASE_SETTINGS = tiny(BaseSettings, "base", vocabulary=320, hidden=16, epochs=2.0, batch=4, max_length=48)
REWARD_SETTINGS = tiny(RewardSettings, "reward", dropout=0.1, epochs=2.0, batch=4, held_out=0.4, max_length=64)
EXPERT_SETTINGS = tiny(ExpertSettings, "expert", steps=5, iterations=2, max_new_tokens=12)
CONTROLLER_SETTINGS = tiny(
    ControllerSettings,
    "controller",
    steps=8,
    prompts_per_step=3,
    epochs=2,
    max_new_tokens=12,
    micro_batch=2,
    expert_prompt="own",
)


def base(folder: Path, saved, out: Path) -> None:
    """9 steps in 2 passes."""
    records = [
        {"prompt": [{"role": "user", "content": p}], "completion": [{"role": "assistant", "content": a}]}
        for p, a in zip(PROMPTS * 4, ANSWERS * 4)
    ]
    train_base(records, BASE_SETTINGS, saved, out)


def reward(folder: Path, saved, out: Path) -> None:
    """With dropout and a second pass in another order."""
    rows = [(str(i), PROMPTS[i % 5], ANSWERS[i % 5], ANSWERS[(i + 1) % 5]) for i in range(20)]
    feedback = pd.DataFrame(rows, columns=["prompt_id", "prompt", "chosen", "rejected"])
    train_reward(folder / "base", feedback, REWARD_SETTINGS, saved, out)


def expert(folder: Path, saved, out: Path) -> None:
    """More steps than one pass over the prompts has, two updates per batch of answers."""
    tasks = [task(prompt, ["be brief"], "P2A") for prompt in PROMPTS]
    judge = RewardModel(folder / "base", folder / "reward")
    curve = train_expert(folder / "base", lambda x, y, _: judge.score(x, y), tasks, EXPERT_SETTINGS, saved, out)
    curve.to_csv(out / "curve.csv")


def controller(folder: Path, saved, out: Path) -> None:
    """Every expert is the bare base, and only their prompts differ: other adapters would test nothing more here."""
    active = preferences.load_preferences(ROOT / "workflow/prompts/preferences.yaml", IDS)
    pool = AdapterPool(folder / "base", dict.fromkeys(IDS, BASE))
    tokenizer, xis = AutoTokenizer.from_pretrained(folder / "base"), active.combinations()
    references = {(prompt, xi): "Yes." for prompt in PROMPTS for xi in xis}
    models = dict.fromkeys(IDS, RewardModel(folder / "base", folder / "reward"))
    rewards = Rewards(models, references, BradleyTerry())
    ends = TurnEnds((tokenizer.eos_token_id,), tokenizer.pad_token_id)
    curve = train_controller(tokenizer, pool, rewards, PROMPTS, xis, active, CONTROLLER_SETTINGS, saved, out, ends=ends)
    curve.to_csv(out / "curve.csv")


STAGES = {"base": base, "reward": reward, "expert": expert, "controller": controller}


KILLS = (4, 25, 17)  # flushed files after which the first, the second and the third process are killed


def train(stage: str, folder: Path, out: Path, minutes: float, prepare: Callable[[], None] = lambda: None) -> int:
    """Run `stage` on the models in `folder` in a new process, which calls `prepare` first; returns its wait status."""
    process = os.fork()
    if process:
        return os.waitpid(process, 0)[1]

    def main() -> None:
        torch.set_num_threads(1)
        prepare()
        with checkpoints(out, {"stage": stage, "params": {}, "seeds": {}}, [], minutes) as saved:
            STAGES[stage](folder, saved, out)

    status = 1
    try:
        run(main)
        status = 0
    except SystemExit as end:
        status = end.code
    finally:
        os._exit(status)


def after(count: int, module, name: str, number: int) -> Callable[[], None]:
    """A function that makes the `count`-th call of `module.name` send its own process the signal `number`."""

    def prepare() -> None:
        original, calls = getattr(module, name), [0]

        def counted(*arguments):
            calls[0] += 1
            if calls[0] == count:
                os.kill(os.getpid(), number)
            return original(*arguments)

        setattr(module, name, counted)

    return prepare


def weights(out: Path) -> dict[str, str]:
    """SHA-256 of the trained weights and curves, by file."""
    files = fingerprint(out)["files"].items()
    return {name: entry["sha256"] for name, entry in files if name.endswith((".safetensors", ".csv"))}


def report(stage: str, folder: Path) -> dict:
    """Outcomes of one stage: undisturbed without a checkpoint, killed at each of KILLS, and stopped by each signal."""
    found: dict = {"status": train(stage, folder, folder / stage, 1000), "peace": weights(folder / stage)}
    killed, stopped = folder / f"{stage}_killed", folder / f"{stage}_stopped"
    found["kills"] = [train(stage, folder, killed, 0, after(n, os, "fsync", signal.SIGKILL)) for n in KILLS]
    found["finished"] = [train(stage, folder, killed, 0), weights(killed)]
    numbers = (signal.SIGTERM, signal.SIGHUP)
    found["stops"] = [train(stage, folder, stopped, 1000, after(2, Checkpoints, "due", n)) for n in numbers]
    found["continued"] = [train(stage, folder, stopped, 1000), weights(stopped)]
    found["left"] = [path.name for path in folder.glob(f".{stage}*")]
    return found


if __name__ == "__main__":
    workplace = Path(sys.argv[1])
    print(json.dumps({stage: report(stage, workplace) for stage in STAGES}))
