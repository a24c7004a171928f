"""A tiny base and reward adapters on it, of random weights, as folders."""

from collections.abc import Sequence
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification

from mope.engine.llama import GROUPS
from mope.training.tokenizer import train_tokenizer


def reward_folders(folder: Path, names: Sequence[str], texts: Sequence[str], layers: Sequence[int] = (0, 1)) -> None:
    """`folder`/base with a tokenizer trained on the texts, and `folder`/NAME for each reward model.

    The base has two layers; adapters act on those of `layers`.
    """
    base = folder / "base"
    tokenizer = train_tokenizer([*texts] * 3, 320)
    tokenizer.save_pretrained(base)
    torch.manual_seed(9)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
        pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id, bos_token_id=None,
        initializer_range=0.5,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(base)
    for seed, name in enumerate(names):
        model = LlamaForSequenceClassification.from_pretrained(base, num_labels=1)
        torch.manual_seed(seed)
        config = LoraConfig(
            task_type="SEQ_CLS",
            r=4,
            target_modules=[path.split(".")[-1] for group in GROUPS for path in group],
            layers_to_transform=list(layers),
            modules_to_save=["score"],
            init_lora_weights=False,
        )
        get_peft_model(model, config).save_pretrained(folder / name)
