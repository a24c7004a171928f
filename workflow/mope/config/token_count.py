"""Tokens of texts, counted by the tokenizer of a user's base where that can be read without loading a model."""

from pathlib import Path

LONGEST_COUNTED = 100  # so many of the longest texts are counted: the one of most tokens is among them


def most_tokens(texts: list[str], config: dict, directory: Path) -> int | None:
    """The tokens of the longest of the `texts`; None where there is no text or no tokenizer.json to count with."""
    base = config["base"]["path"]
    file = directory / (base or "") / "tokenizer.json"
    if base is None or not texts or not file.is_file():
        return None
    from tokenizers import Tokenizer  # noqa: PLC0415 (only where there is something to count)

    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception:  # noqa: BLE001 (what the library raises; the stage that imports the base says what is wrong)
        return None
    longest = sorted(texts, key=len)[-LONGEST_COUNTED:]
    return max(len(row.ids) for row in tokenizer.encode_batch(longest, add_special_tokens=False))
