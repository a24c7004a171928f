"""Seeded mutations of JSON and of its bytes, as a broken or hostile server might send them."""

import copy
import json
import random

ODD = [
    *(None, True, False, 0, -1, 1, 10**30, 1e308, float("nan"), float("inf"), "", " ", "\x00", "\ud800", "Output (a)"),
    *([], {}, [[]], {"": {}}, [None], "x" * 5000, {"text": "TIE"}, [{"type": "text", "text": 7}], "\u2028\n\r"),
]


def places(value, path=()):
    """The path of every value inside `value`, itself included."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from places(child, (*path, name))


def altered(value, rng: random.Random):
    """A copy with one value replaced, left out, renamed or wrapped."""
    value = copy.deepcopy(value)
    path = rng.choice(list(places(value)))
    if not path:
        return rng.choice(ODD)
    holder = value
    for name in path[:-1]:
        holder = holder[name]
    match rng.randrange(4):
        case 0:
            holder[path[-1]] = rng.choice(ODD)
        case 1:
            del holder[path[-1]]
        case 2:
            holder[path[-1]] = [holder[path[-1]]]
        case 3:
            holder[path[-1]] = {"value": holder[path[-1]]}
    return value


def garbled(data: bytes, rng: random.Random) -> bytes:
    """The bytes with some changed, removed or repeated, or nested far too deeply."""
    at = rng.randrange(len(data) + 1)
    match rng.randrange(6):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + rng.randbytes(rng.randrange(1, 9)) + data[at:]
        case 2:
            return data[:at] + data[at + rng.randrange(1, 30) :]
        case 3:
            return data[:at] + rng.choice([b"[", b'{"a":']) * rng.choice([3, 100_000]) + data[at:]
        case 4:
            return data + data[:at]
        case _:
            return data.replace(*rng.choice([(b'"', b"'"), (b":", b""), (b"\n", b"\r"), (b"{", b"{{"), (b"0", b"NaN")]))


def mutated(value, rng: random.Random) -> bytes:
    """JSON of the value after one to three mutations of it, or of its bytes."""
    for _ in range(rng.randrange(3)):
        value = altered(value, rng)
    data = json.dumps(value).encode()
    return garbled(data, rng) if rng.random() < 0.5 else data
