"""Multitask training (a rival): one policy, fine-tuned on the chosen answers of all preferences."""

from pathlib import Path

import pandas as pd
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed
from trl import SFTConfig, SFTTrainer

from mope.preferences import Preferences
from mope.prompting import messages, rendered_chat, reply
from mope.runtime.precision import device, dtype_of
from mope.training.checkpoints import Checkpoints
from mope.training.devices import batch_options, loading_options, trainer_options
from mope.training.expert import ExpertSettings, expert_adapter
from mope.training.policy_parts import PolicyParts
from mope.training.trainers import fit

NEEDS = ["feedback"]


def train(parts: PolicyParts, settings: ExpertSettings, saved: Checkpoints, out: Path) -> pd.DataFrame:
    """Writes the adapter to `out`; returns the training curve."""
    return train_multitask(parts.base, parts.feedback, parts.preferences, settings, saved, out)


def train_multitask(
    base: Path,
    feedback: dict[str, pd.DataFrame],
    preferences: Preferences,
    settings: ExpertSettings,
    saved: Checkpoints,
    out: Path,
) -> pd.DataFrame:
    """Supervised fine-tuning on the chosen answers of all feedback, with the preference's text in the prompt.

    `feedback` maps a preference to pairs with the columns prompt and chosen. A step sees as many answers as a step of
    RLOO. Writes the adapter to `out`; returns the training curve (step, loss).
    """
    set_seed(settings.seed)
    records = [
        {"prompt": messages(row.prompt, [preferences.texts[name]]), "completion": [reply(row.chosen)]}
        for name, pairs in feedback.items()
        for row in pairs.itertuples()
    ]
    tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
    for record in records:
        rendered_chat(tokenizer, record["prompt"] + record["completion"])  # the trainer would not say what is wrong
    dtype = dtype_of(settings.precision, device())
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
        **trainer_options(dtype),
    )
    model = AutoModelForCausalLM.from_pretrained(base, **loading_options(dtype), trust_remote_code=False)
    trainer = SFTTrainer(
        model,
        config,
        train_dataset=Dataset.from_list(records),
        processing_class=tokenizer,
        peft_config=expert_adapter(model, settings),
    )
    fit(trainer, saved)
    trainer.model.save_pretrained(out)
    rows = [{"step": entry["step"], "loss": entry["loss"]} for entry in trainer.state.log_history if "loss" in entry]
    return pd.DataFrame(rows).astype(float)
