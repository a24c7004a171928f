"""Prompt files: JSON lines, a JSON list, CSV or Parquet, in the schemas that are in use.

| schema | columns | read as |
|---|---|---|
| one's own, Koala, UltraFeedback (binarized) | `prompt`, and `id` or `prompt_id` | the prompt |
| GPT4-Alpaca, UltraFeedback | `instruction`, and `input` where there is one | one after the other (as RLPHF does) |

The id is optional: its place in the file is used. Other columns are passed over.
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

from mope.errors import MopeError

FILE_SUFFIXES = (".jsonl", ".json", ".csv", ".parquet")
TEXT_KEYS = ("prompt", "instruction")
ID_KEYS = ("id", "prompt_id")


def read_prompts(path: Path, longest: int | None = None) -> list[dict[str, str]]:
    """All prompts of the file as {prompt_id, prompt}, but for those of more than `longest` characters.

    Of equal prompts the first is kept. `MopeError` names the file and place of the first problem.
    """
    found: dict[str, dict[str, str]] = {}
    texts: set[str] = set()
    for number, record in file_records(path, (*TEXT_KEYS, "input", *ID_KEYS)):
        place = f"{path}: {'line' if path.suffix == '.jsonl' else 'record'} {number}"
        name, text = _prompt(record, number, place)
        if name in found:
            raise MopeError(f"{place}: prompt id {name!r} was used before; every id may appear once")
        if text not in texts and (longest is None or len(text) <= longest):
            found[name] = {"prompt_id": name, "prompt": text}
            texts.add(text)
    if not found:
        within = "" if longest is None else f" of at most {longest} characters"
        raise MopeError(f"{path}: empty; at least one record with a prompt{within} is expected")
    return list(found.values())


def file_records(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, object]]:
    """Number (from 1) and content of each record of a file; of Parquet only these `columns`."""
    if path.suffix not in FILE_SUFFIXES:
        raise MopeError(f"{path}: a name that ends in {', '.join(FILE_SUFFIXES)} is expected")
    if path.suffix == ".parquet":
        yield from enumerate(_parquet(path, columns), start=1)
        return
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise MopeError(f"{path}: cannot be read ({error.strerror}); a file of prompts is expected") from None
    except UnicodeDecodeError:
        raise MopeError(f"{path}: is not UTF-8 text; a file of prompts is expected") from None
    match path.suffix:
        case ".csv":
            yield from enumerate(csv.DictReader(io.StringIO(text, newline="")), start=1)
        case ".json":
            content = _parsed(text)
            if not isinstance(content, list):
                raise MopeError(f"{path}: no JSON list; a list of objects with a prompt is expected")
            yield from enumerate(content, start=1)
        case _:
            lines = enumerate(text.split("\n"), start=1)
            yield from ((number, _parsed(line)) for number, line in lines if line.strip())


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _parquet(path: Path, columns: tuple[str, ...]) -> list[dict]:
    import pyarrow  # noqa: PLC0415 (the Snakefile reads configurations, and should not wait for it)
    import pyarrow.parquet

    try:
        schema = pyarrow.parquet.read_schema(path)
        present = [name for name in schema.names if name in columns]
        return pyarrow.parquet.read_table(path, columns=present).to_pylist()
    except OSError as error:
        reason = error.strerror or "damaged"
        raise MopeError(f"{path}: cannot be read ({reason}); a Parquet file of prompts is expected") from None
    except pyarrow.ArrowException:
        raise MopeError(f"{path}: not a Parquet file; one with a column prompt or instruction is expected") from None


def _prompt(record: object, number: int, place: str) -> tuple[str, str]:
    """Id and text of one record."""
    if not isinstance(record, dict):
        raise MopeError(f'{place}: not a JSON object; {{"id": "...", "prompt": "..."}} is expected')
    key = next((key for key in TEXT_KEYS if key in record), None)
    if key is None:
        names = ", ".join(map(str, record)) or "nothing"
        raise MopeError(f"{place}: {names} found, no prompt; a key `prompt` or `instruction` is expected")
    name = next((record[key] for key in ID_KEYS if record.get(key) is not None), number)
    if isinstance(name, bool) or not isinstance(name, str | int) or not str(name).strip():
        raise MopeError(f"{place}: id is {name!r}; text that is not empty is expected")
    parts = [record[key]] + ([record["input"]] if key == "instruction" and record.get("input") else [])
    for part in parts:
        if not isinstance(part, str) or not part.strip():
            raise MopeError(f"{place}: {key} is {part!r}; text that is not empty is expected")
    return str(name), " ".join(part.strip() for part in parts)
