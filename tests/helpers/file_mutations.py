"""Seeded mutations of valid files, for fuzz tests: what an editor, a transfer or a program can do to them."""

import random
from collections.abc import Iterator

SNIPPETS = [
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1f\x8b", b"\xed\xa0\x80", b"\\ud800", b"\n", b"\r", b"\r\n", b"\t", b" ",
    b'"', b"'", b",", b";", b":", b"{", b"}", b"[", b"]", b"{}", b"[]", b"null", b"true", b"NaN", b"Infinity", b"-1",
    b"1e300", b"1e-300", b"9" * 400, b"9" * 5000, b"0x" + b"f" * 30, b"[" * 3000, b'{"a":' * 3000, b"x" * 5000, b"&a ",
    b"*a", b"<<: ", b"!!python/object:os.system ", b"!!int ", b"!!timestamp ", b"? ", b"- ", b"---\n", b"%", b"#", b"|",
    b"$(touch x)", b"`touch x`", b"../", b"$$", b"\x1b[0m", "é".encode("latin-1"), "\u2028".encode(), b"\\u0000", b"~",
]  # fmt: skip
ENCODINGS = ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "cp1252"]


def mutations(valid: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """`count` files, each made from one of the `valid` ones by one to four changes."""
    rng = random.Random(seed)
    for _ in range(count):
        content = rng.choice(valid)
        for _ in range(rng.randint(1, 4)):
            content = _changed(content, rng)
        yield content


def _changed(content: bytes, rng: random.Random) -> bytes:
    place, other = rng.randint(0, len(content)), rng.randint(0, len(content))
    first, last = min(place, other), max(place, other)
    match rng.randrange(9):
        case 0 | 1:  # a snippet inserted
            return content[:place] + rng.choice(SNIPPETS) + content[place:]
        case 2:  # a span replaced by one
            return content[:place] + rng.choice(SNIPPETS) + content[place + rng.randint(0, 12) :]
        case 3:  # cut off
            return content[:place]
        case 4:  # a span lost
            return content[:first] + content[min(last, first + 40) :]
        case 5:  # a span twice
            return content[:last] + content[first:last][:2000] + content[last:]
        case 6:  # some bytes changed
            changed = bytearray(content)
            for _ in range(min(len(changed), rng.randint(1, 5))):
                changed[rng.randrange(len(changed))] = rng.randrange(256)
            return bytes(changed)
        case 7:  # lines in another order
            lines = content.split(b"\n")
            rng.shuffle(lines)
            return b"\n".join(lines)
        case _:  # saved in another encoding
            text = content.decode("utf-8", errors="replace")
            return text.encode(rng.choice(ENCODINGS), errors="replace")
