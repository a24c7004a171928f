"""The tokenizer of the base, read before the first job where the user's files are checked by it."""

import functools
from pathlib import Path

from mope.errors import MopeError
from mope.training.base_source import gguf_file, given


def base_tokenizer(base: dict, directory: Path):
    """The tokenizer of the base; of a base that is trained here, one with the same chat template.

    `base` is the section, `directory` where its paths begin. None for a base of the Hugging Face Hub that is
    not on this machine and cannot be reached. `MopeError` where that of a base on this machine cannot be read.
    """
    if not given(base):
        return _untrained()
    if base["hub"]:
        try:
            return _read(base["hub"]["id"], revision=base["hub"]["revision"])
        except Exception:  # noqa: BLE001 (without a network the library raises various errors; the import reports them)
            return None
    file = gguf_file(base, directory)
    origin = directory / base["path"] if file is None else file
    try:
        return _read(origin) if file is None else _read(file.parent, gguf_file=file.name)
    except Exception as error:  # a library, which raises any type
        reason = (str(error) or type(error).__name__).splitlines()[0][:300]
        raise MopeError(f"{origin}: its tokenizer cannot be read ({reason}); a base with one is expected") from error


@functools.cache
def _read(origin: Path | str, **options: str):
    from transformers import AutoTokenizer  # noqa: PLC0415 (takes seconds, and is seldom needed)

    return AutoTokenizer.from_pretrained(origin, **options, trust_remote_code=False)


@functools.cache
def _untrained():
    from mope.training.tokenizer import train_tokenizer  # noqa: PLC0415

    tokenizer = train_tokenizer([], 300)
    tokenizer.name_or_path = "the base that is trained here"
    return tokenizer
