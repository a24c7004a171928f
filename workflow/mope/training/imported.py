"""A user's own causal LM as the base model, and what must be true of it before the first GPU minute."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from mope.errors import MopeError
from mope.prompting import encode
from mope.training.model_code import check_no_code

COPIES = 3  # of the base's size are written: the imported base, and room for adapters, checkpoints and answers


def import_base(
    path: Path, pad_token: str | None, controllers: Sequence[Path], out: Path, origin: str | None = None
) -> None:
    """Load model and tokenizer, check what every stage relies on, and save both as safetensors to `out`.

    `controllers` are folders of LLaMAs that preference controllers begin from: they must read the base's tokens. Errors
    name `origin` where the folder `path` was made from something else.
    """
    origin = origin or f"base.path {path}"
    check_no_code(path, origin)
    tokenizer = read_tokenizer(path, pad_token, origin)
    for folder in controllers:
        check_controller(folder, tokenizer)
    print(f"{origin}: licence {licence(path)}")
    for folder in controllers:
        print(f"{folder}: licence {licence(folder)}")
    try:
        model = AutoModelForCausalLM.from_pretrained(path, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise MopeError(f"{origin}: not a causal LM ({_first_line(error)})") from None
    rows = model.get_input_embeddings().num_embeddings
    if rows < len(tokenizer):
        raise MopeError(f"{origin}: the tokenizer has {len(tokenizer)} tokens, the model embeds only {rows}")
    model.config.pad_token_id = model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def read_tokenizer(path: Path, pad_token: str | None, origin: str) -> PreTrainedTokenizerBase:
    """The tokenizer in the folder `path`, checked: a chat template, an end-of-text token, another one for padding."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, padding_side="left", trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise MopeError(f"{origin}: no tokenizer ({_first_line(error)})") from None
    if tokenizer.chat_template is None:
        raise MopeError(f"{origin}: the tokenizer has no chat template, an instruction-tuned model is needed")
    if tokenizer.eos_token_id is None:
        raise MopeError(f"{origin}: the tokenizer has no end-of-text token, which ends every answer")
    if pad_token is not None:
        if pad_token not in tokenizer.get_vocab():
            raise MopeError(f"base.pad_token: {pad_token!r} found, a token of the tokenizer of {origin} is expected")
        tokenizer.pad_token = pad_token
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
        message = "the tokenizer needs a pad token that differs from the end-of-text token"
        raise MopeError(f"{origin}: {message}; name one of its tokens that no text holds as base.pad_token")
    if not encode(tokenizer, "Why?"):
        raise MopeError(f"{origin}: the chat template makes nothing of a user's message")
    return tokenizer


def check_controller(folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """The LLaMA in `folder` reads the same tokens as the base: each of its tokens has the base's id."""
    check_no_code(folder, f"controller.path {folder}")
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    if config.model_type != "llama":
        raise MopeError(f"controller.path {folder}: a {config.model_type} found, a model of type llama is expected")
    try:
        own, base = AutoTokenizer.from_pretrained(folder, trust_remote_code=False).get_vocab(), tokenizer.get_vocab()
    except (OSError, ValueError) as error:
        raise MopeError(f"controller.path {folder}: no tokenizer ({_first_line(error)})") from None
    for token, number in own.items():
        if base.get(token, number) != number:
            message = f"token {token!r} is number {number}, but {base[token]} in the base; one tokenizer is needed"
            raise MopeError(f"controller.path {folder}: {message}")
    shared = len(own.keys() & base.keys())
    if 2 * shared < len(base):
        raise MopeError(
            f"controller.path {folder}: shares {shared} of the base's {len(base)} tokens; one tokenizer is needed"
        )


def check_space(path: Path, target: Path, size: int | None = None) -> None:
    """`MopeError` when the disk of the folder `target` has no room for what a run with the base `path` writes.

    `size` in bytes is that of the base, None for that of the files in the folder `path`.
    """
    size = size or sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    target.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(target).free
    if free < COPIES * size:
        needed, left = COPIES * size / 1e9, free / 1e9
        raise MopeError(
            f"{target}: {left:.1f} GB of disk are free, about {needed:.1f} GB are needed for the base {path}"
        )


def licence(folder: Path) -> str:
    """The licence that the model card in `folder` states."""
    card = folder / "README.md"
    found = re.search(r"^license(?:_name)?: *(\S+)", card.read_text(), re.MULTILINE) if card.is_file() else None
    return found.group(1) if found else "not stated; look it up before you use the model"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
