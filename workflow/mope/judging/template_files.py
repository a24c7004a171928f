"""Reads the judge's prompts: a frame, and a criterion with examples for each preference.

It imports little, because the Snakefile calls it while it is parsed.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from mope.errors import MopeError
from mope.runtime.suggestion import one_of
from mope.runtime.surrogates import without_surrogates
from mope.runtime.yaml_file import described, read_yaml

VERDICT_WORDS = {"output (a)": "first", "tie": "tie", "output (b)": "second"}
PLACEHOLDERS = ("{criterion}", "{instruction}", "{output_a}", "{output_b}")
TEMPLATE_PLACEHOLDER = re.compile(r"(?<!\$)\{[A-Za-z_]+\}")
EXAMPLE = ("instruction", "output_a", "output_b", "answer")


@dataclass(frozen=True)
class Templates:
    """The frame of every call and, by preference id, its criterion and examples."""

    system: str
    user: str
    criteria: dict[str, str]
    examples: dict[str, tuple[dict[str, str], ...]]


def load_templates(folder: Path, preferences: list[str]) -> Templates:
    """Read `frame.yaml` and one file per preference; `MopeError` names what is missing or malformed."""
    frame = _read(folder / "frame.yaml", {"system": str, "user": str})
    files = {p: _read(folder / f"{p}.yaml", {"criterion": str, "examples": list}) for p in preferences}
    for preference, content in files.items():
        for number, example in enumerate(content["examples"], start=1):
            _check_example(f"{folder / preference}.yaml: example {number}", example)
    _check_frame(folder / "frame.yaml", frame)
    return Templates(
        system=frame["system"],
        user=frame["user"],
        criteria={p: c["criterion"] for p, c in files.items()},
        examples={p: tuple(c["examples"]) for p, c in files.items()},
    )


def _read(path: Path, kinds: dict[str, type]) -> dict:
    if not path.is_file():
        raise MopeError(f"{path}: missing; every judged preference needs its template")
    try:
        content = read_yaml(path)
    except RecursionError:
        raise MopeError(f"{path}: is nested too deeply; a judge's template is expected") from None
    if set(content) != set(kinds):
        raise MopeError(f"{path}: expected the keys {', '.join(sorted(kinds))}")
    for key, kind in kinds.items():
        if kind is str:
            _check_text(f"{path}: {key}", content[key])
        elif not isinstance(content[key], kind):
            raise MopeError(f"{path}: {key}: {described(content[key])} found, a list is expected")
    return content


def _check_text(place: str, text: object) -> None:
    if not isinstance(text, str) or not text.strip() or without_surrogates(text) != text:
        raise MopeError(f"{place}: {described(text)} found, a text is expected")


def _check_example(place: str, example: object) -> None:
    if not isinstance(example, dict) or set(example) != set(EXAMPLE):
        raise MopeError(f"{place}: an example needs {', '.join(EXAMPLE)}")
    for key in EXAMPLE:
        _check_text(f"{place}: {key}", example[key])
    if example["answer"].lower() not in VERDICT_WORDS:
        raise MopeError(f"{place}: answer {example['answer']!r}; Output (a), TIE or Output (b)")


def _check_frame(path: Path, frame: dict) -> None:
    found = TEMPLATE_PLACEHOLDER.findall(frame["user"])
    for name in found:
        if name not in PLACEHOLDERS:
            raise MopeError(f"{path}: user: placeholder {name} is unknown; {one_of(name, PLACEHOLDERS)} is expected")
    for name in PLACEHOLDERS:
        if name not in found:
            raise MopeError(f"{path}: user: placeholder {name} is missing, so the judge would not be told of it")
        if name in frame["system"]:
            raise MopeError(f"{path}: system: placeholder {name} found, which is filled in user only")
