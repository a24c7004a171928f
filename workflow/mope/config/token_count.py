"""Counts tokens by the tokenizer of a user's base, where it is on this machine."""

from pathlib import Path

from mope.config.base_tokenizer import base_tokenizer
from mope.training.base_source import given, published_file

LONGEST_COUNTED = 100  # texts whose tokens are counted, the longest ones: that of most tokens is among them


def most_tokens(texts: list[str], config: dict, directory: Path) -> int | None:
    """The tokens of the longest of the `texts`; None where there is no text, or nothing to count with.

    A tokenizer.json is read by the fast tokenizers library; to read a GGUF file, or a tokenizer.model alone, takes
    seconds. Nothing is downloaded.
    """
    if not texts or not given(config["base"]):
        return None
    longest = sorted(texts, key=len)[-LONGEST_COUNTED:]
    file = published_file(config["base"], "tokenizer.json", directory)
    if file is None and config["base"]["hub"] is not None:
        return None
    try:
        if file is None:
            tokenizer = base_tokenizer(config["base"], directory)
            return max(map(len, tokenizer(longest, add_special_tokens=False, verbose=False)["input_ids"]))
        from tokenizers import Tokenizer  # noqa: PLC0415 (not where Snakemake has an environment of its own)

        rows = Tokenizer.from_file(str(file)).encode_batch(longest, add_special_tokens=False)
    except Exception:  # noqa: BLE001 (what the libraries raise; the import says what is wrong with a base)
        return None
    return max(len(row.ids) for row in rows)
