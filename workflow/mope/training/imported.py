"""A user's own causal LM as the base model."""

from pathlib import Path

from transformers import AutoModelForCausalLM, AutoTokenizer

from mope.errors import MopeError


def import_base(path: Path, out: Path) -> None:
    """Load model and tokenizer, check what every stage relies on, and save both as safetensors to `out`."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, padding_side="left")
        model = AutoModelForCausalLM.from_pretrained(path)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise MopeError(f"base.path {path}: not a causal LM with a tokenizer ({reason})") from None
    if tokenizer.chat_template is None:
        raise MopeError(f"base.path {path}: the tokenizer has no chat template, an instruction-tuned model is needed")
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
        raise MopeError(f"base.path {path}: the tokenizer needs a pad token that differs from the end-of-text token")
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
