"""Experts: one LoRA policy per preference, trained by TRL's RLOO against that preference's reward model."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed
from trl import RLOOConfig, RLOOTrainer

from mope.prompting import messages
from mope.training.devices import trainer_options
from mope.training.reward_model import RewardModel


@dataclass(frozen=True)
class ExpertSettings:
    """`expert` in config.yaml."""

    seed: int
    rank: int
    alpha: int
    learning_rate: float
    steps: int
    prompts_per_step: int
    generations: int
    iterations: int
    kl: float
    max_new_tokens: int


def train_expert(
    base: Path,
    reward: RewardModel,
    prompts: pd.DataFrame,
    text: str,
    settings: ExpertSettings,
    scratch: Path,
    out: Path,
) -> pd.DataFrame:
    """Train on prompts that carry the preference `text`; write the adapter to `out` and return the training curve.

    The reward is r_d(x, y) of the plain prompt, and the KL divergence to the base (the adapter switched off) weighs
    `kl`. Deviation: Personalized Soups used PPO; TRL no longer has it, and its RLOO optimises the same objective
    without a value model.
    """
    set_seed(settings.seed)
    tokenizer = AutoTokenizer.from_pretrained(base)

    def score(prompts, completions, question, **_) -> list[float]:
        return reward.score(question, [completion[0]["content"] for completion in completions]).tolist()

    batch = settings.prompts_per_step * settings.generations
    config = RLOOConfig(
        output_dir=str(scratch),
        seed=settings.seed,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        max_steps=settings.steps * settings.iterations,
        per_device_train_batch_size=batch,
        num_generations=settings.generations,
        num_iterations=settings.iterations,
        max_completion_length=settings.max_new_tokens,
        beta=settings.kl,
        normalize_advantages=True,
        temperature=1.0,
        top_k=0,
        logging_steps=1,
        save_strategy="no",
        activation_checkpointing=False,
        **trainer_options(),
    )
    trainer = RLOOTrainer(
        AutoModelForCausalLM.from_pretrained(base),
        reward_funcs=score,
        args=config,
        train_dataset=Dataset.from_list([{"prompt": messages(p, [text]), "question": p} for p in prompts.prompt]),
        processing_class=tokenizer,
        peft_config=LoraConfig(
            task_type="CAUSAL_LM",
            r=settings.rank,
            lora_alpha=settings.alpha,
            lora_dropout=0.0,
            target_modules="all-linear",
        ),
    )
    trainer.train()
    trainer.model.save_pretrained(out)
    return curve(trainer.state.log_history)


def curve(history: list[dict]) -> pd.DataFrame:
    """Reward, KL to the base, loss, entropy and answer length (tokens) of every step."""
    rows = [
        {
            "step": entry["step"],
            "reward": entry["reward"],
            "kl": entry.get("kl", 0.0),
            "loss": entry["loss"],
            "entropy": entry["entropy"],
            "length": entry["completions/mean_length"],
        }
        for entry in history
        if "reward" in entry
    ]
    return pd.DataFrame(rows).astype(float)
