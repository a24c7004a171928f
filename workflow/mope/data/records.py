"""Records of a file that a user brings: JSON lines, a JSON list, CSV, TSV or Parquet, each with its place."""

import csv
import io
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mope.errors import MopeError
from mope.runtime.text_file import BOM, check_file, read_text

RECORD_SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
DELIMITERS = (",", ";", "\t", "|")
LINE_END = re.compile(r"\r\n|\n|\r")
csv.field_size_limit(2**31 - 1)  # the default ends at 131,072 characters


@dataclass(frozen=True)
class Record:
    """`number` counts lines of JSON lines and records of the others, from 1; `place` says where, in error messages."""

    number: int
    place: str
    content: object


def suffix_of(path: Path) -> str:
    """The kind of file that the name tells, e.g. `.jsonl`; `MopeError` for another than `RECORD_SUFFIXES`.

    `.gz` after it is passed over: whether a file is compressed is seen from its content.
    """
    name = Path(path.name.lower())
    suffix = Path(name.stem).suffix if name.suffix == ".gz" else name.suffix
    if suffix not in RECORD_SUFFIXES or (suffix == ".parquet" and name.suffix == ".gz"):
        raise MopeError(f"{path}: a name that ends in {', '.join(RECORD_SUFFIXES)} is expected")
    return suffix


def records(path: Path, columns: tuple[str, ...], expected: str) -> Iterator[Record]:
    """The records of a file; of Parquet the `columns` that are there. `MopeError` ends with `expected`."""
    match suffix_of(path):
        case ".parquet":
            rows = _parquet(path, columns, expected)
            yield from (Record(i, f"{path}: record {i}", row) for i, row in enumerate(rows, start=1))
        case ".csv" | ".tsv":
            yield from csv_records(path, columns, expected)
        case ".json":
            yield from _json(path, read_text(path, expected), expected)
        case _:
            yield from _json_lines(path, read_text(path, expected))


def csv_records(path: Path, columns: tuple[str, ...], expected: str) -> Iterator[Record]:
    """Rows of a CSV or TSV file as mappings, empty cells as None.

    The delimiter is the one of `DELIMITERS` that finds the most of the `columns` in the first line. `MopeError` names
    the line of a row with more or fewer cells than the first, and of a quotation mark that nothing closes.
    """
    text = read_text(path, expected)
    if not text.strip():
        return
    delimiter = max(DELIMITERS, key=lambda mark: len(set(_header(text, mark)) & set(columns)))
    header = _header(text, delimiter)
    for name in columns:
        if header.count(name) > 1:
            raise MopeError(f"{path}: line 1: column {name!r} appears {header.count(name)} times; once is expected")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number, start = 0, 1
    try:
        next(reader)
        start = reader.line_num + 1
        for row in reader:
            place = f"{path}: line {start}"
            if row:
                number += 1
                if len(row) != len(header):
                    found = f"{len(row)} cells found, the first line has {len(header)}"
                    raise MopeError(f'{place}: {found}; texts that hold "{delimiter}" or line ends are to be quoted')
                yield Record(number, place, {name: cell or None for name, cell in zip(header, row)})
            start = reader.line_num + 1
    except csv.Error as error:
        raise MopeError(f"{path}: line {start}: {error}; valid CSV, quotes closed and doubled, is expected") from None


def _header(text: str, delimiter: str) -> list[str]:
    try:
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []
    return [name.strip() for name in first]


def _json(path: Path, text: str, expected: str) -> Iterator[Record]:
    """The entries of a JSON list, or the records of JSON lines, since many such files are named .json."""
    content, problem = parsed(text)
    if problem.startswith("Extra data"):
        yield from _json_lines(path, text)
        return
    if problem and text.strip():
        raise MopeError(f"{path}: not JSON ({problem}); {expected} as a JSON list is expected")
    if not isinstance(content, list):
        raise MopeError(f"{path}: no JSON list; a list of objects, or JSON lines, is expected")
    yield from (Record(i, f"{path}: record {i}", entry) for i, entry in enumerate(content, start=1))


def _json_lines(path: Path, text: str) -> Iterator[Record]:
    for number, line in enumerate(LINE_END.split(text), start=1):
        line = line.strip(BOM)  # in the middle where files were joined
        if not line.strip():
            continue
        content, problem = parsed(line)
        if problem:
            raise MopeError(f"{path}: line {number}: not JSON ({problem}); one JSON object a line is expected")
        yield Record(number, f"{path}: line {number}", content)


def parsed(text: str) -> tuple[object, str]:
    """(value of a JSON text, ""), or (None, what is wrong with it)."""
    try:
        return json.loads(text, object_pairs_hook=_once), ""
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"column {error.colno}"
        return None, f"{error.msg} at {where}"
    except ValueError as error:  # a key that appears twice, a number of thousands of digits
        return None, str(error).split(";")[0]
    except RecursionError:
        return None, "nested too deeply"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"key {next(name for name in names if names.count(name) > 1)!r} appears twice")
    return found


def _parquet(path: Path, columns: tuple[str, ...], expected: str) -> list[dict]:
    check_file(path, expected)
    import pyarrow  # noqa: PLC0415 (the Snakefile reads configurations, and should not wait for it)
    import pyarrow.parquet

    try:
        schema = pyarrow.parquet.read_schema(path)
        present = [name for name in schema.names if name in columns]
        if not present:
            raise MopeError(f"{path}: {', '.join(schema.names) or 'no column'} found; {expected} is expected")
        return pyarrow.parquet.read_table(path, columns=present).to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:  # ValueError: no UTF-8
        reason = getattr(error, "strerror", None)
        problem = f"cannot be read ({reason})" if reason else "not a Parquet file, or a damaged one"
        raise MopeError(f"{path}: {problem}; {expected} is expected") from None


def check_unicode(text: str, place: str, key: str) -> None:
    """`MopeError` for half of a surrogate pair, which no UTF-8 file can hold, and for NUL characters."""
    broken = next((c for c in text if c == "\0" or "\ud800" <= c <= "\udfff"), None)
    if broken is not None:
        raise MopeError(f"{place}: {key} holds {broken!r}, which is no character; valid Unicode is expected")


def id_text(value: object) -> str | None:
    """An id as text: whole floats, which pandas makes of numbers where one is missing, as whole numbers; hashes as hex.

    None where nothing is: null, NaN. `ValueError` for what is no id.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return str(int(value))
    if isinstance(value, bytes) and value:
        return value.hex()
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise ValueError
    return str(value)
