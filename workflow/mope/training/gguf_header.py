"""Reads single numbers from the head of a GGUF file. Standard library only, for the Snakefile.

The gguf library answers only after it has made an array of every token, which takes seconds for a large vocabulary.
Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

NUMBER_FORMATS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
TEXT, ARRAY = 8, 9  # the other kinds of values
SIZES = ("context_length", "block_count", "embedding_length")  # positions, layers, width of a layer
LARGEST_SIZE = 1 << 24  # bytes of a text and entries of an array; more is damage


def sizes_in_header(file: Path) -> tuple[str, dict[str, int]]:
    """The model's family ("llama") and its sizes: those of `SIZES` that the file tells.

    ("", {}) where it cannot be read: the stage that converts the file tells what is wrong with it.
    """
    family, sizes = "", {}
    try:
        with file.open("rb") as stream:
            for key, value in _metadata(stream):
                if key == "general.architecture" and isinstance(value, str):
                    family = value
                name = key.removeprefix(f"{family}.")
                if family and name in SIZES and type(value) is int and value > 0:
                    sizes[name] = value
                if len(sizes) == len(SIZES):
                    break
    except (OSError, ValueError, struct.error):
        return "", {}
    return family, sizes


def _metadata(stream: BinaryIO) -> Iterator[tuple[str, object]]:
    """Keys and values in the order of the file; None stands for an array. `ValueError` or `struct.error` for damage."""
    if stream.read(4) != b"GGUF" or _number(stream, "<I") not in (2, 3):
        raise ValueError("no GGUF file of version 2 or 3")
    _, pairs = _number(stream, "<Q"), _number(stream, "<Q")  # of tensors, of keys and values
    for _ in range(pairs):
        yield _text(stream), _value(stream, _number(stream, "<I"))


def _value(stream: BinaryIO, kind: int) -> object:
    if kind == TEXT:
        return _text(stream)
    if kind == ARRAY:
        return _skip_array(stream)
    if kind not in NUMBER_FORMATS:
        raise ValueError(f"value of unknown kind {kind}")
    return _number(stream, NUMBER_FORMATS[kind])


def _skip_array(stream: BinaryIO) -> None:
    kind, count = _number(stream, "<I"), _size(stream)
    if kind in NUMBER_FORMATS:
        stream.seek(count * struct.calcsize(NUMBER_FORMATS[kind]), 1)
    elif kind == TEXT:
        for _ in range(count):
            stream.seek(_size(stream), 1)
    else:
        raise ValueError(f"array of kind {kind}")


def _number(stream: BinaryIO, form: str) -> int | float | bool:
    return struct.unpack(form, stream.read(struct.calcsize(form)))[0]


def _size(stream: BinaryIO) -> int:
    size = _number(stream, "<Q")
    if size > LARGEST_SIZE:
        raise ValueError(f"length {size}")
    return size


def _text(stream: BinaryIO) -> str:
    return stream.read(_size(stream)).decode("utf-8")
