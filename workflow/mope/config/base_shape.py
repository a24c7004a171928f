"""The sizes of the base by its files, as far as they are known before the first job."""

from pathlib import Path
from typing import NamedTuple

from mope.errors import MopeError
from mope.training.base_source import gguf_file, given, published_file
from mope.training.gguf_header import sizes_in_header
from mope.training.model_folder import LAYER_KEYS, UNBOUNDED, WIDTH_KEYS, first_number, positions_in, read_json


class BaseShape(NamedTuple):
    """Tokens that the base reads and writes at most, its layers, and their width; None for what is not known.

    `positions` is None, too, where a family has no limit.
    """

    positions: int | None = None
    layers: int | None = None
    hidden: int | None = None


def base_shape(config: dict, directory: Path) -> BaseShape:
    """The shape of the base of a configuration; `directory` is where the user's paths begin.

    A base of the hub tells it if its config.json is in the local cache, for example after `make plan`.
    """
    base = config["base"]
    if not given(base):
        return BaseShape(base["positions"], base["layers"], base["hidden"])
    try:
        file = gguf_file(base, directory)
        if file is not None:
            return _of_gguf(file)
        known = published_file(base, "config.json", directory)
        found = read_json(known) if known else {}
    except MopeError:  # another check says what is wrong with it
        return BaseShape()
    return BaseShape(positions_in(found), first_number(found, LAYER_KEYS), first_number(found, WIDTH_KEYS))


def _of_gguf(file: Path) -> BaseShape:
    family, sizes = sizes_in_header(file)
    positions = None if family in UNBOUNDED else sizes.get("context_length")
    return BaseShape(positions, sizes.get("block_count"), sizes.get("embedding_length"))
