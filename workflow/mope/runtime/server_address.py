"""A server of OpenAI's protocol as the configuration names it: its address, and no secret. Standard library only."""

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from mope.runtime.secret import LIKE_A_KEY

# Found in names by which keys are passed, but not in prompt_cache_key or return_tokens_as_token_ids, for example.
SECRET_NAME = re.compile(
    "(api|access|private|auth|secret).?key|secret|passw|authorization|credential|bearer|token$|^key$", re.IGNORECASE
)


def secrets_in(value: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where parameters of calls, at any depth, have a name by which keys are passed or hold what looks like a key.

    A configuration is kept with the results, so a key may not stand in it.
    """
    match value:
        case dict():
            for name, child in value.items():
                if SECRET_NAME.search(str(name)):
                    yield (*place, name)
                else:
                    yield from secrets_in(child, (*place, name))
        case list():
            for number, child in enumerate(value):
                yield from secrets_in(child, (*place, number))
        case str() if LIKE_A_KEY.search(value):
            yield place


def address_problem(address: str, call: str) -> str | None:
    """What is wrong with the address of a server, to which every call adds `call`, if anything."""
    expected = "an address such as https://api.example.com/v1 is expected"
    try:
        url: SplitResult = urlsplit(address)
        host, port = url.hostname, url.port
    except ValueError:  # it is not repeated: what stands for the port may be a password
        return f"has a port or brackets that no address has; {expected}"
    if "@" in address or url.query:  # not repeated, either
        return "holds a name, password or query; an address alone is expected, the key by key_variable"
    plain = address.isprintable() and not any(character.isspace() for character in address)
    if url.scheme not in ("http", "https") or not host or port == 0 or url.fragment or not plain:
        return f"{address!r} found, {expected}"
    if url.path.rstrip("/").endswith(call):
        return f"{address!r} found, it is expected without {call}, which every call adds"
    return None
