"""The tokenizer of a small model, as a GGUF file holds it."""

import json

import gguf
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def tokenizer() -> Tokenizer:
    """Byte-level BPE of a few merges."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        ["the quick brown fox jumps over the lazy dog"],
        trainers.BpeTrainer(vocab_size=280, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False),
    )
    return made


def add_tokenizer(writer: gguf.GGUFWriter, made: Tokenizer, template: str) -> None:
    """Tokens, merges and chat template."""
    tokens = sorted(made.get_vocab(), key=made.get_vocab().get)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    types = [gguf.TokenType.CONTROL if token in SPECIAL else gguf.TokenType.NORMAL for token in tokens]
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(pair) for pair in _merges(made)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_chat_template(template)


def _merges(made: Tokenizer) -> list[tuple[str, str]]:
    return [tuple(pair) for pair in json.loads(made.to_str())["model"]["merges"]]
