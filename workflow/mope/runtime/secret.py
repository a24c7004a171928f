"""API keys: they are read from the environment only, and are removed from every text of a server before it is shown."""

import html
import json
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

from mope.errors import MopeError

HIDDEN = "***"
SHOWN = 200  # characters of a server's text in a message
LIKE_A_KEY = re.compile(r"\bBearer\s+[^\s\"',;]+|\bsk-[A-Za-z0-9_-]{12,}")


def read_key(variable: str, environment: Mapping[str, str] = os.environ) -> str:
    """The key in the environment variable, or an empty string; `MopeError` if an HTTP header cannot hold it."""
    key = environment.get(variable, "").strip()
    if not key.isascii() or not key.isprintable():
        found = "holds characters that no key has (was it copied with quotation marks around it?)"
        raise MopeError(f"{variable}: {found}; printable ASCII is expected")
    return key


def scrub(text: str, key: str | None) -> str:
    """The text with the key replaced by ***, also where it is escaped, in other case, or broken over lines."""
    return _pattern(key).sub(HIDDEN, text) if key and len(key) > 4 else text


@lru_cache(maxsize=16)
def _pattern(key: str) -> re.Pattern[str]:
    forms = {key, json.dumps(key)[1:-1], repr(key)[1:-1], quote(key, safe=""), html.escape(key)}
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile("|".join(r"\s*".join(map(re.escape, form)) for form in longest_first), re.IGNORECASE)


def shown(text: str, key: str | None, limit: int = SHOWN) -> str:
    """A server's text as one line of at most `limit` printable characters, without the key.

    The key is removed before the text is cut; otherwise a key across the cut would leave its beginning.
    """
    printable = "".join(character if character.isprintable() else " " for character in text)
    line = LIKE_A_KEY.sub(HIDDEN, scrub(" ".join(printable.split()), key))
    return line if len(line) <= limit else line[: limit - 3] + "..."
