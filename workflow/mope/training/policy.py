"""The trained rivals of Personalized Soups: one policy for all combinations, by three objectives."""

import random
from pathlib import Path

import pandas as pd
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed
from trl import SFTConfig, SFTTrainer

from mope.preferences import Preferences
from mope.prompting import messages, reply
from mope.training.checkpoints import Checkpoints
from mope.training.devices import batch_options, trainer_options
from mope.training.expert import ExpertSettings, adapter, task
from mope.training.trainers import fit


def plain_tasks(prompts: pd.DataFrame) -> list[dict]:
    """Objective `general` (RLHF): prompts without preference texts; one general reward model scores the answers."""
    return [task(prompt, [], "general") for prompt in prompts.prompt]


def combined_tasks(prompts: pd.DataFrame, preferences: Preferences, seed: int) -> list[dict]:
    """Objective `combined` (P-MORL): prompts under all combinations, shuffled, each with the reward of its own."""
    tasks = [task(p, preferences.statements(xi), xi) for p in prompts.prompt for xi in preferences.combinations()]
    random.Random(seed).shuffle(tasks)
    return tasks


def train_multitask(
    base: Path,
    feedback: dict[str, pd.DataFrame],
    preferences: Preferences,
    settings: ExpertSettings,
    saved: Checkpoints,
    out: Path,
) -> pd.DataFrame:
    """Objective `imitation` (multitask): SFT on the chosen answers of every preference's feedback, with its text.

    A step sees as many answers as one of RLOO does. Writes the adapter to `out`; returns the training curve.
    """
    set_seed(settings.seed)
    records = [
        {"prompt": messages(row.prompt, [preferences.texts[name]]), "completion": [reply(row.chosen)]}
        for name, pairs in feedback.items()
        for row in pairs.itertuples()
    ]
    batch = settings.prompts_per_step * settings.generations
    config = SFTConfig(
        output_dir=str(saved.work),
        seed=settings.seed,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="constant",  # as published
        max_steps=settings.steps,
        max_length=None,
        logging_steps=1,
        save_strategy="no",
        **batch_options("expert", batch, settings.micro_batch),
        **trainer_options(),
    )
    trainer = SFTTrainer(
        AutoModelForCausalLM.from_pretrained(base),
        config,
        train_dataset=Dataset.from_list(records),
        processing_class=AutoTokenizer.from_pretrained(base),
        peft_config=adapter(settings),
    )
    fit(trainer, saved)
    trainer.model.save_pretrained(out)
    rows = [{"step": entry["step"], "loss": entry["loss"]} for entry in trainer.state.log_history if "loss" in entry]
    return pd.DataFrame(rows).astype(float)
