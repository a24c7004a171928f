"""Checks a model's folder without loading the model, before the first job. Standard library only."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from mope.errors import MopeError, visible

POINTER = b"version https://git-lfs.github.com/spec/"  # the beginning of a file that Git LFS has not fetched
LONGEST_POINTER = 1024  # bytes
LONGEST_HEADER = 100_000_000  # bytes, the limit of the safetensors library
INDEX = "model.safetensors.index.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
CONVERSION = "weights as safetensors are expected: load them where you trust the file and call save_pretrained"
# Files of which a tokenizer needs one: tokenizer.json, or one that the library's slow tokenizers read.
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json")
TOKENIZERS += ("spm.model", "sentencepiece.bpe.model")
POSITION_KEYS = ("max_position_embeddings", "n_positions", "max_seq_len")  # in config.json; by family
LAYER_KEYS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
WIDTH_KEYS = ("hidden_size", "n_embd", "d_model")
UNBOUNDED = ("bloom", "mpt")  # these families know distances, not positions
AFTER_PADDING = ("camembert", "mpnet", "roberta", "xlm-roberta", "xlm-roberta-xl")  # positions begin after that of pad


def check_model_folder(folder: Path) -> str:
    """The model type of the model in `folder`, by its name in the transformers library.

    `MopeError`, which names the file, unless there are a configuration, a tokenizer and complete weights: safetensors
    that are neither quantised nor pointers of Git LFS. Only their headers are read.
    """
    config = read_json(folder / "config.json")
    if not isinstance(config.get("model_type"), str):
        found = repr(config.get("model_type"))
        raise MopeError(f"{folder}/config.json: model_type is {found}, a name of the transformers library is expected")
    if config.get("quantization_config") is not None:
        found = f"{folder}/config.json: quantization_config found, the weights are quantised"
        raise MopeError(f"{found}; the model in float32, bfloat16 or float16 is expected")
    refuse_pointers(folder)
    check_ends(folder)
    for file in weight_files(folder):
        safetensors_header(file)
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise MopeError(f"{folder}: no tokenizer; one of {', '.join(TOKENIZERS)} is expected")
    return config["model_type"]


def check_ends(folder: Path) -> None:
    """`MopeError` unless eos_token_id in `generation_config.json`, if any, holds non-negative integers."""
    file = folder / "generation_config.json"
    ends = read_json(file).get("eos_token_id") if file.is_file() else None
    for end in ends if isinstance(ends, list) else [] if ends is None else [ends]:
        if type(end) is not int or end < 0:
            raise MopeError(f"{file}: eos_token_id holds {end!r}, ids of tokens are expected")


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model: a single one, or those that its index names.

    `MopeError` where there are none, where the index is invalid or names a missing file, or where weights are pickled.
    """
    if (folder / "model.safetensors").is_file():
        return [folder / "model.safetensors"]
    if (folder / INDEX).is_file():
        weight_map = read_json(folder / INDEX).get("weight_map")
        if not isinstance(weight_map, dict) or not weight_map:
            raise MopeError(f"{folder}/{INDEX}: no weight_map; tensors and the files that hold them are expected")
        for name in weight_map.values():
            if not isinstance(name, str) or Path(name).name != name or not _is_file(folder / name):
                raise MopeError(f"{folder}/{INDEX}: file {name!r} is not in the folder; all parts are expected")
        return [folder / name for name in dict.fromkeys(weight_map.values())]
    for pattern in PICKLES:
        for file in sorted(folder.glob(pattern)):
            raise MopeError(f"{file}: pickled weights, which can run code when they are read; {CONVERSION}")
    raise MopeError(f"{folder}: no weights; model.safetensors or {INDEX} is expected")


def first_number(config: dict, keys: tuple[str, ...]) -> int | None:
    """The first of the `keys` of a `config.json` that is a whole number; None where none is."""
    return next((config[name] for name in keys if type(config.get(name)) is int), None)


def positions_in(config: dict) -> int | None:
    """How many tokens the model of a `config.json` reads and writes; None where there is no limit, or it says none."""
    if config.get("model_type") in UNBOUNDED:
        return None
    found = first_number(config, POSITION_KEYS)
    pad = config.get("pad_token_id")
    before = pad + 1 if config.get("model_type") in AFTER_PADDING and type(pad) is int else 0
    return None if found is None else found - before


def safetensors_header(file: Path) -> dict[str, dict]:
    """Name -> {dtype, shape, data_offsets} of every tensor in a safetensors file; `MopeError` if it is incomplete."""
    with _readable(file), file.open("rb") as stream:
        size = file.stat().st_size
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or not 0 < length <= min(size - 8, LONGEST_HEADER):
            raise MopeError(f"{file}: {size} bytes without a header of safetensors; a whole file is expected")
        header = parse_json(stream.read(length), f"{file}: its header")
    header.pop("__metadata__", None)
    ends = [_end(entry) for entry in header.values()]
    if None in ends:
        raise MopeError(f"{file}: its header names no data_offsets; a file of safetensors is expected")
    end = max(ends, default=0)
    if not header or 8 + length + end != size:
        found = f"{file}: {size} bytes found, but its header tells of {8 + length + end}"
        raise MopeError(f"{found}; the whole file is expected (was the transfer cut off?)")
    return header


def _end(entry: object) -> int | None:
    """Where a tensor ends by its entry in a header; None where the entry does not say so."""
    match entry:
        case {"data_offsets": [begin, end]} if type(begin) is type(end) is int:
            return end
    return None


def refuse_pointers(folder: Path) -> None:
    """`MopeError` if one of the folder's files is a pointer of Git LFS."""
    with _readable(folder):
        files = sorted(folder.iterdir())
    for file in files:
        with _readable(file):
            short = file.is_file() and file.stat().st_size <= LONGEST_POINTER
            pointer = short and file.read_bytes().startswith(POINTER)
        if pointer:
            raise MopeError(f"{file}: a pointer of Git LFS; the file itself is expected (`git lfs pull` fetches it)")


def read_json(file: Path) -> dict:
    """The JSON object in a file; `MopeError` for anything else."""
    with _readable(file):
        content = file.read_bytes()
    if content.startswith(POINTER):
        raise MopeError(f"{file}: a pointer of Git LFS; the file itself is expected (`git lfs pull` fetches it)")
    return parse_json(content, str(file))


def parse_json(content: bytes, place: str) -> dict:
    """The JSON object in the bytes; `MopeError`, which begins with `place`, for anything else."""
    try:
        found = json.loads(content.decode("utf-8"))
    except RecursionError:
        raise MopeError(f"{place}: JSON too deep; a JSON object is expected") from None
    except ValueError as error:
        raise MopeError(f"{place}: {visible(str(error))[:200]}; a JSON object in UTF-8 is expected") from None
    if not isinstance(found, dict):
        raise MopeError(f"{place}: a JSON {type(found).__name__} found; an object is expected")
    return found


@contextlib.contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Around all that reads a file or folder: `MopeError` where the system refuses it."""
    try:
        yield
    except OSError as error:
        raise MopeError(f"{file}: cannot be read ({error.strerror}); a file of a model is expected") from None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False
