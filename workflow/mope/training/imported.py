"""Imports a user's own causal LM as the base model, after checking everything that the stages rely on."""

import math
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from transformers import (
    AddedToken,
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from mope.decoding.turn_ends import ends_of, template_end
from mope.errors import MopeError
from mope.training.chat_template import settle_template
from mope.training.families import check_family_type
from mope.training.model_code import check_no_code
from mope.training.model_folder import check_model_folder, safetensors_header, weight_files

COPIES = 3  # disk space of a run in sizes of the base: the imported base, adapters, checkpoints and answers
LAYER_WEIGHT = re.compile(r"\.\d+\..*\.weight$")
DTYPES = {torch.float32, torch.bfloat16, torch.float16}

Read = TypeVar("Read")


def import_base(
    path: Path,
    pad_token: str | None,
    controllers: Sequence[Path],
    out: Path,
    origin: str | None = None,
    grown: bool = False,
) -> None:
    """Load model and tokenizer from the folder `path`, check what every stage relies on, and save both to `out`.

    `pad_token` is a token of the tokenizer to pad with (None: the tokenizer's own). `controllers` are folders of LLaMAs
    from which controllers begin; they must have the base's tokens. With `grown` controllers begin from the base itself,
    which must be a LLaMA. Errors name `origin`, for a folder that was converted from something else. `MopeError` for
    a model that does not pass the checks.
    """
    origin = origin or f"base.path {path}"
    check_no_code(path, origin)
    check_model_folder(path)
    config = read_config(path, origin)
    check_family_type(config.model_type, origin)
    check_sizes(config, path, origin)
    if grown and config.model_type != "llama":
        found = f"{origin} is of type {config.model_type}, a model of type llama is expected"
        raise MopeError(f"controller.start: base; {found}")
    tokenizer = read_tokenizer(path, pad_token, origin)
    for folder in controllers:
        check_model_folder(folder)
        check_controller(folder, tokenizer)
    print(f"{origin}: licence {licence(path)}")
    for folder in controllers:
        print(f"{folder}: licence {licence(folder)}")
    model = read_model(path, origin)
    rows = model.get_input_embeddings().num_embeddings
    if rows < len(tokenizer):
        found = f"the tokenizer has {len(tokenizer)} tokens, the model embeds only {rows}"
        raise MopeError(f"{origin}: {found}; an embedding for every token is expected")
    ends = settle_ends(tokenizer, model.generation_config.eos_token_id, rows, origin)
    print(f"{origin}: an answer ends with {' or '.join(map(repr, tokenizer.convert_ids_to_tokens(ends)))}")
    model.config.pad_token_id = tokenizer.pad_token_id
    # Sampling options come from config.yaml; those of some published models even fail the library's own check.
    model.generation_config = GenerationConfig(
        eos_token_id=list(ends), pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id
    )
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def read_config(path: Path, origin: str) -> PreTrainedConfig:
    """The model's configuration; `MopeError` if the transformers library does not know it."""
    return _read(
        lambda: AutoConfig.from_pretrained(path, trust_remote_code=False),
        f"{origin}: config.json is not that of a model",
    )


def read_model(path: Path, origin: str) -> PreTrainedModel:
    """The causal LM in the folder `path`, in its stored dtype.

    `MopeError` where weights are missing, where there are weights of layers that the configuration does not have, or
    where a dtype is not in `DTYPES`.
    """
    model, loading = _read(
        lambda: AutoModelForCausalLM.from_pretrained(
            path, use_safetensors=True, output_loading_info=True, trust_remote_code=False
        ),
        f"{origin}: not a causal LM",
    )
    if loading["missing_keys"]:
        missing = sorted(loading["missing_keys"])
        raise MopeError(f"{origin}: the weights lack {missing[0]} and {len(missing) - 1} others; all are expected")
    spare = sorted(name for name in loading["unexpected_keys"] if LAYER_WEIGHT.search(name))
    if spare:
        found = f"the weights hold {spare[0]} and {len(spare) - 1} others that config.json does not know"
        raise MopeError(f"{origin}: {found}; weights of this configuration are expected")
    kinds = {weight.dtype for weight in model.parameters()}
    if not kinds <= DTYPES:
        found = ", ".join(sorted(str(kind).removeprefix("torch.") for kind in kinds - DTYPES))
        raise MopeError(f"{origin}: weights of type {found}; float32, bfloat16 or float16 is expected")
    return model


def check_sizes(config: PreTrainedConfig, path: Path, origin: str) -> None:
    """`MopeError` if config.json describes a larger model than the stored weights; building it might never end."""
    tensors = [tensor for file in weight_files(path) for tensor in safetensors_header(file).values()]
    try:
        numbers = sum(math.prod(tensor["shape"]) for tensor in tensors)
        widest = max(config.hidden_size, getattr(config, "head_dim", None) or 0)
        layers, embedded = config.num_hidden_layers, config.vocab_size * widest
        larger = layers > len(tensors) or embedded > numbers
    except (AttributeError, LookupError, TypeError) as error:
        found = f"its sizes cannot be read from config.json and the weights ({error})"
        raise MopeError(
            f"{origin}: {found}; hidden_size, num_hidden_layers and vocab_size of a decoder are expected"
        ) from None
    if larger:
        found = f"{layers} layers and {embedded} numbers of embedding"
        raise MopeError(
            f"{origin}: config.json tells of {found}, the weights are {len(tensors)} tensors of {numbers} numbers; "
            "weights of this configuration are expected"
        )


def read_tokenizer(path: Path, pad_token: str | None, origin: str) -> PreTrainedTokenizerBase:
    """The tokenizer in the folder `path`; `MopeError` unless it has all that the stages need.

    That is a usable chat template, an end-of-text token, and another token for padding (`pad_token`, or its own).
    """
    tokenizer = _read(
        lambda: AutoTokenizer.from_pretrained(path, padding_side="left", trust_remote_code=False),
        f"{origin}: no tokenizer",
    )
    if tokenizer.chat_template is None:
        raise MopeError(f"{origin}: the tokenizer has no chat template; that of an instruction-tuned model is expected")
    if tokenizer.eos_token_id is None:
        raise MopeError(
            f"{origin}: the tokenizer has no end-of-text token; an eos_token, which ends every answer, is expected"
        )
    if pad_token is not None:
        if pad_token not in tokenizer.get_vocab():
            raise MopeError(f"base.pad_token: {pad_token!r} found, a token of the tokenizer of {origin} is expected")
        tokenizer.pad_token = pad_token
    settle_template(tokenizer, origin)
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id in (tokenizer.eos_token_id, template_end(tokenizer)):
        message = "the tokenizer needs a pad token that differs from the end-of-text token"
        raise MopeError(f"{origin}: {message}; name one of its tokens that no text holds as base.pad_token")
    return tokenizer


def settle_ends(
    tokenizer: PreTrainedTokenizerBase, named: int | list[int] | None, rows: int, origin: str
) -> tuple[int, ...]:
    """The ids of the tokens that end an answer, including those `named` by the generation configuration.

    They become special tokens, so that they do not appear in decoded text. `MopeError` for an id that is no token's;
    `rows` is the number of the model's embeddings.
    """
    ends = ends_of(tokenizer, named)
    for end in ends:
        if end >= min(rows, len(tokenizer)):
            found = f"generation_config.json: eos_token_id {end} found"
            raise MopeError(f"{origin}: {found}, an id of the {len(tokenizer)} tokens is expected")
    added = tokenizer.added_tokens_decoder
    plain = [added[end].content for end in ends if end in added and not added[end].special]
    tokenizer.add_tokens([AddedToken(text, special=True, normalized=False) for text in plain], special_tokens=True)
    return ends


def check_controller(folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """`MopeError` unless `folder` holds a LLaMA with the base's tokens: common tokens have equal ids, and suffice.

    At least half of the base's tokens must be common to both.
    """
    check_no_code(folder, f"controller.path {folder}")
    origin = f"controller.path {folder}"
    kind = read_config(folder, origin).model_type
    if kind != "llama":
        raise MopeError(f"{origin}: a {kind} found, a model of type llama is expected")
    own = _read(
        lambda: AutoTokenizer.from_pretrained(folder, trust_remote_code=False), f"{origin}: no tokenizer"
    ).get_vocab()
    base = tokenizer.get_vocab()
    for token, number in own.items():
        if base.get(token, number) != number:
            message = f"token {token!r} is number {number}, but {base[token]} in the base; one tokenizer is needed"
            raise MopeError(f"{origin}: {message}")
    shared = len(own.keys() & base.keys())
    if 2 * shared < len(base):
        raise MopeError(f"{origin}: shares {shared} of the base's {len(base)} tokens; one tokenizer is needed")


def check_space(path: Path, target: Path, size: int | None = None) -> None:
    """`MopeError` if the disk of the folder `target` has too little space for a run with the base `path`.

    `size` is that of the base in bytes; None: that of the files in the folder `path`.
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
    """The licence that the model card in `folder` states, or a note that it states none."""
    card = folder / "README.md"
    found = (
        re.search(r"^license(?:_name)?: *(\S+)", card.read_text(errors="replace"), re.MULTILINE)
        if card.is_file()
        else None
    )
    return found.group(1) if found else "not stated; look it up before you use the model"


def _read(load: Callable[[], Read], problem: str) -> Read:
    """The result of `load`; any error becomes a `MopeError` that begins with `problem`."""
    try:
        return load()
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:300]
        raise MopeError(f"{problem} ({reason})") from error
