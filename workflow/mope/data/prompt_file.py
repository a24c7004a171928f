"""Prompt files: JSON lines `{"prompt": "...", "id": "..."}`; the id is optional and may be called `prompt_id`."""

import json
from pathlib import Path

from mope.errors import MopeError

ID_KEYS = ("id", "prompt_id")


def read_prompts(path: Path) -> list[dict[str, str]]:
    """All prompts of the file as {prompt_id, prompt}; lines without an id get their line number.

    `MopeError` names the file and line of the first problem.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise MopeError(
            f"{path}: cannot be read ({error.strerror}); a JSON-lines file of prompts is expected"
        ) from None
    except UnicodeDecodeError:
        raise MopeError(f"{path}: is not UTF-8 text; a JSON-lines file of prompts is expected") from None
    prompts: dict[str, dict[str, str]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        record = _record(line, f"{path}: line {number}")
        name = record.get("id", record.get("prompt_id", str(number)))
        if name in prompts:
            raise MopeError(f"{path}: line {number}: prompt id {name!r} was used before; every id may appear once")
        prompts[name] = {"prompt_id": name, "prompt": record["prompt"]}
    if not prompts:
        raise MopeError(f"{path}: empty; at least one JSON line with a prompt is expected")
    return list(prompts.values())


def _record(line: str, place: str) -> dict[str, str]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise MopeError(f'{place}: not a JSON object; {{"id": "...", "prompt": "..."}} is expected')
    for unknown in record.keys() - {"prompt", *ID_KEYS}:
        raise MopeError(f"{place}: unknown key {unknown!r}; prompt and id are expected")
    if "prompt" not in record:
        raise MopeError(f"{place}: no prompt; the key `prompt` is expected")
    for key, value in record.items():
        if not isinstance(value, str) or not value.strip():
            raise MopeError(f"{place}: {key} is {value!r}; text that is not empty is expected")
    return record
