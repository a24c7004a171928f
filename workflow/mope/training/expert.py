"""Policies: LoRA adapters trained by TRL's RLOO; an expert is one trained against one preference's reward model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed
from trl import RLOOConfig, RLOOTrainer

from mope.errors import MopeError
from mope.prompting import messages
from mope.training.checkpoints import Checkpoints
from mope.training.devices import batch_options, trainer_options
from mope.training.trainers import fit

Reward = Callable[[list[str], list[str], list[str]], torch.Tensor]  # (prompts, answers, ξ of each) -> (B,)


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
    temperature: float
    max_new_tokens: int
    micro_batch: int | None  # answers per backward pass


def task(prompt: str, texts: Sequence[str], combination: str) -> dict:
    """One training prompt with the preference `texts` that a policy reads, and what its reward depends on."""
    return {"prompt": messages(prompt, texts), "question": prompt, "combination": combination}


def adapter(settings: ExpertSettings) -> LoraConfig:
    """The LoRA adapter that every policy is."""
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
    )


def train_expert(
    base: Path,
    reward: Reward,
    tasks: list[dict],
    settings: ExpertSettings,
    saved: Checkpoints,
    out: Path,
) -> pd.DataFrame:
    """Train on `tasks` (made by `task`); write the adapter to `out` and return the training curve.

    The reward is that of the plain prompt, and the KL divergence to the base (the adapter switched off) weighs
    `kl`. Deviation: Personalized Soups used PPO; TRL no longer has it, and its RLOO optimises the same objective
    without a value model.
    """
    set_seed(settings.seed)
    tokenizer = AutoTokenizer.from_pretrained(base)

    def score(prompts, completions, question, combination, **_) -> list[float]:
        return reward(question, [completion[0]["content"] for completion in completions], combination).tolist()

    batch = settings.prompts_per_step * settings.generations
    config = RLOOConfig(
        output_dir=str(saved.work),
        seed=settings.seed,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        max_steps=settings.steps * settings.iterations,
        num_generations=settings.generations,
        num_iterations=settings.iterations,
        max_completion_length=settings.max_new_tokens,
        beta=settings.kl,
        normalize_advantages=True,
        temperature=settings.temperature,
        top_k=0,
        logging_steps=1,
        save_strategy="no",
        shuffle_dataset=False,  # `passes` has done it
        **batch_options("expert", batch, settings.micro_batch),
        **trainer_options(),
    )
    trainer = RLOOTrainer(
        AutoModelForCausalLM.from_pretrained(base),
        reward_funcs=score,
        args=config,
        train_dataset=Dataset.from_list(passes(tasks, settings.steps, settings.prompts_per_step, settings.seed)),
        processing_class=tokenizer,
        peft_config=adapter(settings),
    )
    fit(trainer, saved, every=settings.iterations)  # between two batches of answers, of which none is saved
    trainer.model.save_pretrained(out)
    return curve(trainer.state.log_history)


def passes(prompts: list, steps: int, per_step: int, seed: int) -> list:
    """The prompts (or tasks) of all steps in order: shuffled, every one of them before any comes again.

    One list, because TRL's sampler, which would draw the same, begins again with the first pass when training resumes.
    """
    if len(prompts) < per_step:
        raise MopeError(f"expert.prompts_per_step: {per_step} found, a number ≤ {len(prompts)} (prompts) is expected")
    generator, whole, asked = torch.Generator().manual_seed(seed), len(prompts) // per_step * per_step, []
    while len(asked) < steps * per_step:
        asked += [prompts[i] for i in torch.randperm(len(prompts), generator=generator)[:whole].tolist()]
    return asked[: steps * per_step]


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
