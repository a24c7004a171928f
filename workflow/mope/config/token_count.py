"""Counts tokens by the tokenizer of a user's base, where it can be read without loading a model."""

from pathlib import Path

from mope.training.base_source import published_file

LONGEST_COUNTED = 100  # so many of the longest texts are counted: the one of most tokens is among them


def most_tokens(texts: list[str], config: dict, directory: Path) -> int | None:
    """The tokens of the longest of the `texts`; None where there is no text, or nothing to count with.

    That is a tokenizer.json on this machine, and the library that reads it.
    """
    file = published_file(config["base"], "tokenizer.json", directory) if texts else None
    if file is None:
        return None
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 (not where Snakemake has an environment of its own)

        tokenizer = Tokenizer.from_file(str(file))
    except Exception:  # noqa: BLE001 (what the library raises; the stage that imports the base says what is wrong)
        return None
    longest = sorted(texts, key=len)[-LONGEST_COUNTED:]
    return max(len(row.ids) for row in tokenizer.encode_batch(longest, add_special_tokens=False))
