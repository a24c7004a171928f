"""Trains reward models by TRL's RewardTrainer: for each preference a LoRA adapter with a scalar head."""

from pathlib import Path

import pandas as pd
import torch
from datasets import Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed
from trl import RewardConfig, RewardTrainer

from mope.errors import MopeError
from mope.rewards.reward_model import RewardModel, conversations
from mope.runtime.precision import device, dtype_of
from mope.training.checkpoints import Checkpoints
from mope.training.devices import batch_options, loading_options, recomputes, trainer_options
from mope.training.frozen import pack_frozen
from mope.training.length_order import by_length
from mope.training.recalled_trunk import recall_trunk
from mope.training.reward_settings import RewardSettings, reward_adapter
from mope.training.trainers import fit


def train_reward(base: Path, feedback: pd.DataFrame, settings: RewardSettings, saved: Checkpoints, out: Path) -> dict:
    """Train on the feedback without that of a held-out share of the *prompts*; write the adapter to `out`.

    The loss is −log σ(r_chosen − r_rejected) (Bradley-Terry). `feedback` has the columns prompt_id, prompt, chosen and
    rejected. Returns the `held_out_metrics` on the held-out pairs. `MopeError` where no pairs are left to train on or
    to hold out, or where a pair exceeds `settings.max_length` tokens.
    """
    set_seed(settings.seed)
    tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
    ids = feedback.prompt_id.drop_duplicates().sample(frac=settings.held_out, random_state=settings.seed)
    held = feedback[feedback.prompt_id.isin(ids)]
    train = feedback[~feedback.prompt_id.isin(ids)]
    if held.empty or train.empty:
        found = f"{len(train)} pairs to train on and {len(held)} held out"
        raise MopeError(f"reward.held_out: {found}; feedback on more prompts, or another share of them, is expected")
    dtype = dtype_of(settings.precision, device())
    model = AutoModelForSequenceClassification.from_pretrained(
        base, num_labels=1, **loading_options(dtype), trust_remote_code=False
    )
    model.config.pad_token_id = tokenizer.pad_token_id
    config = RewardConfig(
        output_dir=str(saved.work),
        seed=settings.seed,
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        max_length=settings.max_length,
        train_sampling_strategy="sequential",  # `tokenised_pairs` decides the order
        logging_steps=5,
        save_strategy="no",
        **batch_options("reward", settings.batch, settings.micro_batch),
        **trainer_options(dtype),
    )
    pairs = tokenised_pairs(train, tokenizer, settings)
    if settings.layers is not None and not torch.cuda.is_available():  # on a GPU recalled states would take memory
        texts = [ids for pair in pairs for ids in pair.values() if len(ids) <= settings.max_length]
        recall_trunk(model, settings.layers, texts, tokenizer.pad_token_id)
    trainer = RewardTrainer(
        model,
        config,
        train_dataset=Dataset.from_list(pairs),
        processing_class=tokenizer,
        peft_config=reward_adapter(model, settings),
    )
    if len(trainer.train_dataset) < len(train):
        lost = len(train) - len(trainer.train_dataset)
        found = f"{settings.max_length} tokens found, but {lost} of {len(train)} pairs are longer"
        raise MopeError(f"reward.max_length: {found}; more, or shorter pairs, are expected")
    if dtype == torch.bfloat16 and not recomputes(settings.batch, settings.micro_batch):
        pack_frozen(trainer.model)
    fit(trainer, saved)
    trainer.model.save_pretrained(out)
    return held_out_metrics(RewardModel(base, out, precision=settings.precision), held, len(train))


def tokenised_pairs(pairs: pd.DataFrame, tokenizer, settings: RewardSettings) -> list[dict]:
    """`chosen_ids` and `rejected_ids` of every pair, shuffled and then ordered by `by_length`."""
    pairs = pairs.sample(frac=1, random_state=settings.seed)
    chosen, rejected = (conversations(tokenizer, pairs.prompt, answers) for answers in (pairs.chosen, pairs.rejected))
    rows = [{"chosen_ids": a, "rejected_ids": b} for a, b in zip(chosen, rejected, strict=True)]
    return by_length(rows, settings.batch, settings.seed, lambda row: max(map(len, row.values())))


def held_out_metrics(model: RewardModel, held: pd.DataFrame, trained_on: int) -> dict:
    """Accuracy and expected calibration error on held-out pairs, by the `score` that all stages use; both in [0, 1].

    Keys: accuracy, ece, n_pairs and n_train_pairs (`trained_on`).
    """
    gap = model.score(held.prompt, held.chosen) - model.score(held.prompt, held.rejected)
    return {
        "accuracy": (gap > 0).float().mean().item(),
        "ece": calibration_error(torch.sigmoid(gap)),
        "n_pairs": len(held),
        "n_train_pairs": trained_on,
    }


def calibration_error(probability: torch.Tensor, bins: int = 10) -> float:
    """Expected calibration error of P(chosen beats rejected) (N,), with confidences max(P, 1 − P) in `bins` bins."""
    right = (probability > 0.5).float()
    confidence = torch.maximum(probability, 1 - probability)
    index = ((confidence - 0.5) * 2 * bins).long().clamp(max=bins - 1)
    error = 0.0
    for b in range(bins):
        inside = index == b
        if inside.any():
            error += inside.float().mean().item() * abs(right[inside].mean() - confidence[inside].mean()).item()
    return error


def check_accuracy(preference: str, metrics: dict, minimum: float) -> None:
    """`MopeError`, which stops the workflow, if the held-out accuracy of a reward model is below `minimum`."""
    if metrics["accuracy"] < minimum:
        raise MopeError(
            f"reward {preference}: held-out accuracy {metrics['accuracy']:.3f} on {metrics['n_pairs']} pairs is below "
            f"reward.min_accuracy {minimum}; give it more feedback.pairs or epochs"
        )
