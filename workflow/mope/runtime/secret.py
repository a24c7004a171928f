"""Keys: they stand in the environment only."""

import os

from mope.errors import MopeError


def read_key(variable: str) -> str:
    """The key in the environment variable, or an empty string; `MopeError` where no header can hold it."""
    key = os.environ.get(variable, "").strip()
    if not key.isascii() or not key.isprintable():
        raise MopeError(f"{variable}: holds characters that no key has; was it copied with quotation marks around it?")
    return key


def scrub(text: str, key: str | None) -> str:
    """The text without the key, should a server have echoed it."""
    return text.replace(key, "***") if key and len(key) > 4 else text
