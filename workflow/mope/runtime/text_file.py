"""Reads text files that users bring: UTF-8, or another Unicode encoding marked as such, compressed by gzip or not."""

import codecs
import gzip
import stat
import zlib
from pathlib import Path

from mope.errors import MopeError

LARGEST_FILE = 4 << 30  # bytes, after decompression
BOM = "\ufeff"
GZIP = b"\x1f\x8b"
ENCODINGS = (  # by byte order mark; UTF-32 first, because its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
OTHERS = (  # kinds of files that are no text, by their first bytes
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet"),
    (b"BZh", "packed by bzip2"),
    (b"\xfd7zXZ", "packed by xz"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"version https://git-lfs", "a pointer of git-lfs; `git lfs pull` fetches the file"),
)


def read_text(path: Path, expected: str) -> str:
    """The text of a file without its byte order mark.

    Accepts UTF-8, and UTF-16 and UTF-32 with a byte order mark, also compressed by gzip, whatever the file's name.
    `MopeError` for anything but a regular file, for another encoding and for NUL characters; it names the file and the
    line, and ends with what is `expected`.
    """
    content = read_bytes(path, expected)
    for start, kind in OTHERS:
        if content.startswith(start):
            raise MopeError(f"{path}: is {kind}; {expected} is expected")
    encoding = next((name for mark, name in ENCODINGS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        name = encoding.upper().removesuffix("-SIG")
        raise MopeError(f"{path}: line {line}: is not {name} text; {expected} is expected") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise MopeError(f"{path}: line {line}: a NUL character found; {expected} in UTF-8 is expected")
    return text.lstrip(BOM)


def read_bytes(path: Path, expected: str) -> bytes:
    """The content of a regular file, decompressed if it is compressed by gzip.

    `MopeError` if it cannot be read, is damaged or larger than `LARGEST_FILE`; the message ends with what is
    `expected`.
    """
    check_file(path, expected)
    try:
        with path.open("rb") as stream:
            packed = stream.read(len(GZIP)) == GZIP
            stream.seek(0)
            content = gzip.GzipFile(fileobj=stream).read(LARGEST_FILE + 1) if packed else stream.read(LARGEST_FILE + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise MopeError(f"{path}: is packed by gzip and damaged; {expected} is expected") from None
    except OSError as error:
        raise MopeError(f"{path}: cannot be read ({error.strerror}); {expected} is expected") from None
    if len(content) > LARGEST_FILE:
        raise MopeError(f"{path}: holds more than {LARGEST_FILE >> 30} GB; {expected} of at most as much is expected")
    return content


def check_file(path: Path, expected: str) -> None:
    """`MopeError` unless the path leads to a regular file; reading a pipe, for instance, might never end."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise MopeError(f"{path}: cannot be read ({reason}); {expected} is expected") from None
    if not stat.S_ISREG(mode):
        found = "a folder" if stat.S_ISDIR(mode) else "a pipe or device"
        raise MopeError(f"{path}: is {found}; {expected} is expected")
