"""Judge prompts from data files: one criterion per call, few-shot examples, and how an answer is read."""

import re
from dataclasses import dataclass
from pathlib import Path

from mope.errors import MopeError
from mope.judging.reply import without_surrogates
from mope.judging.verdicts import Comparison
from mope.prompting import transcript
from mope.runtime.suggestion import one_of
from mope.runtime.yaml_file import described, read_yaml

VERDICT_WORDS = {"output (a)": "first", "tie": "tie", "output (b)": "second"}
PREFIX = re.compile(r"^(?:answer|verdict|final answer)\s*:\s*")
NAME = r"[^\w<>]*(?:instruction|output_[ab])\b"  # of a tag of the judge, however it is dressed
OUTPUT_TAG = re.compile(rf"<({NAME}[^<>]*)>", re.IGNORECASE)
OPENED = re.compile(rf"<(?={NAME})", re.IGNORECASE)  # that the tag which follows would close
THOUGHT, THOUGHT_END = "<think>", "</think>"
PLACEHOLDERS = ("{criterion}", "{instruction}", "{output_a}", "{output_b}")
TEMPLATE_PLACEHOLDER = re.compile(r"(?<!\$)\{[A-Za-z_]+\}")
EXAMPLE = ("instruction", "output_a", "output_b", "answer")
CUT = " [...] "


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


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, the middle cut out visibly; no text can open or close the judge's own tags."""
    text = OPENED.sub("[", OUTPUT_TAG.sub(r"[\1]", without_surrogates(text)))
    if len(text) <= limit:
        return text
    half = (limit - len(CUT)) // 2
    return text[:half] + CUT + text[-half:]


def judge_messages(templates: Templates, comparison: Comparison, max_characters: int) -> list[dict[str, str]]:
    """The chat of one call: system, examples as earlier turns, and the comparison itself."""
    criterion = templates.criteria[comparison.preference]

    def ask(instruction: str, a: str, b: str) -> str:
        texts = (shorten(text.strip(), max_characters) for text in (instruction, a, b))
        parts = dict(zip(("{instruction}", "{output_a}", "{output_b}"), texts, strict=True)) | {
            "{criterion}": criterion
        }
        # One pass: a placeholder inside an answer stays what it is.
        return re.sub("|".join(map(re.escape, parts)), lambda found: parts[found.group()], templates.user)

    chat = [{"role": "system", "content": templates.system}]
    for example in templates.examples[comparison.preference]:
        chat.append({"role": "user", "content": ask(example["instruction"], example["output_a"], example["output_b"])})
        chat.append({"role": "assistant", "content": example["answer"]})
    chat.append({"role": "user", "content": ask(transcript(comparison.prompt), comparison.first, comparison.second)})
    return chat


def parse(answer: str) -> str:
    """ "first", "tie", "second", or "unparsed" unless exactly one verdict stands alone on a line.

    Thoughts that stand before the answer are no part of it; thoughts that do not end leave none.
    """
    found = set()
    said = answer.lower().rpartition(THOUGHT_END)[2]
    for line in [] if THOUGHT in said else said.splitlines():
        line = PREFIX.sub("", line.strip().strip("*_`\"'. "))
        verdict = VERDICT_WORDS.get(line.strip("*_`\"'. "))
        if verdict:
            found.add(verdict)
    return found.pop() if len(found) == 1 else "unparsed"
