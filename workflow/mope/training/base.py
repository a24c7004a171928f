"""Trains small LLaMAs from scratch: the base model of the laptop experiment, and controllers' backbones."""

from dataclasses import dataclass
from pathlib import Path

import torch
from datasets import Dataset
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, set_seed
from trl import SFTConfig, SFTTrainer

from mope.errors import MopeError
from mope.runtime.precision import device, dtype_of
from mope.training.checkpoints import Checkpoints
from mope.training.devices import trainer_options
from mope.training.length_order import by_length
from mope.training.muon import MuonWithAdamW
from mope.training.tokenizer import train_tokenizer
from mope.training.trainers import fit


@dataclass(frozen=True)
class BaseSettings:
    """Shape and training of a small LLaMA: the section `base` of config.yaml, which explains the keys."""

    seed: int
    vocabulary: int
    hidden: int
    layers: int
    heads: int
    intermediate: int
    epochs: float
    learning_rate: float
    matrix_learning_rate: float
    batch: int
    max_length: int
    positions: int
    precision: str = "float32"


class LabelledTokensTrainer(SFTTrainer):
    """SFTTrainer that computes the logits of labelled tokens only.

    TRL computes logits of all tokens, chunk by chunk and again in the backward pass, to save memory that a small model
    does not need; on a CPU that takes several times as long.
    """

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """Mean cross-entropy over the tokens of the completions; `input_ids` and `labels` are (B, T) int64."""
        hidden = model.get_decoder()(inputs["input_ids"], attention_mask=inputs["attention_mask"]).last_hidden_state
        targets = inputs["labels"][:, 1:]
        labelled = targets != -100  # (B, T - 1)
        logits = model.get_output_embeddings()(hidden[:, :-1][labelled])  # (N, V)
        loss = torch.nn.functional.cross_entropy(logits.float(), targets[labelled])
        return (loss, {"logits": logits}) if return_outputs else loss


def tokenised_examples(records: list[dict], tokenizer, max_length: int) -> list[dict]:
    """`input_ids` and `labels` (-100 on the prompt) of each {prompt, completion}; none is cut.

    All records are tokenised at once: one by one, as TRL does it, would take a sixth of the training time. `MopeError`
    where one has more than `max_length` tokens.
    """
    prompts = [tokenizer.apply_chat_template(r["prompt"], tokenize=False, add_generation_prompt=True) for r in records]
    whole = [tokenizer.apply_chat_template(r["prompt"] + r["completion"], tokenize=False) for r in records]
    ids = tokenizer(prompts + whole, add_special_tokens=False)["input_ids"]
    longest = max(map(len, ids))
    if longest > max_length:
        raise MopeError(
            f"base.max_length: {max_length} found, but an example has {longest} tokens; at least that is expected"
        )
    pairs = zip(ids[: len(records)], ids[len(records) :], strict=True)
    return [{"input_ids": every, "labels": [-100] * len(read) + every[len(read) :]} for read, every in pairs]


def train_base(
    records: list[dict], settings: BaseSettings, saved: Checkpoints, out: Path, same_tokens: Path | None = None
) -> None:
    """Train on {prompt, completion} conversations; write model and tokenizer to the folder `out`.

    First a tokenizer with `settings.vocabulary` entries is trained, unless `same_tokens` names the folder of a model
    whose tokenizer is used. `Stopped` after a signal, when a checkpoint is saved.
    """
    set_seed(settings.seed)
    if same_tokens:
        tokenizer = AutoTokenizer.from_pretrained(same_tokens, trust_remote_code=False)
    else:
        texts = (record["prompt"][0]["content"] + " " + record["completion"][0]["content"] for record in records)
        tokenizer = train_tokenizer(texts, settings.vocabulary)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=settings.hidden,
            num_hidden_layers=settings.layers,
            num_attention_heads=settings.heads,
            intermediate_size=settings.intermediate,
            max_position_embeddings=settings.positions,
            tie_word_embeddings=False,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        )
    )
    config = SFTConfig(
        output_dir=str(saved.work),
        seed=settings.seed,
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=0.05,
        per_device_train_batch_size=settings.batch,
        dataset_kwargs={"skip_prepare_dataset": True},
        train_sampling_strategy="sequential",  # `by_length` decides the order
        logging_steps=25,
        save_strategy="no",
        activation_checkpointing=False,
        **trainer_options(dtype_of(settings.precision, device())),
    )
    rows = tokenised_examples(records, tokenizer, settings.max_length)
    rows = by_length(rows, settings.batch, settings.seed, lambda row: len(row["input_ids"]))
    trainer = LabelledTokensTrainer(
        model,
        config,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        optimizers=(MuonWithAdamW(model, settings.learning_rate, settings.matrix_learning_rate), None),
    )
    fit(trainer, saved)
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
