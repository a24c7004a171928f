"""Judge prompts from data files: one criterion per call, few-shot examples, and how an answer is read."""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from mope.errors import MopeError
from mope.judging.verdicts import Comparison

VERDICT_WORDS = {"output (a)": "first", "tie": "tie", "output (b)": "second"}
PREFIX = re.compile(r"^(?:answer|verdict|final answer)\s*:\s*")
TAG = re.compile(r"<(/?\s*(?:instruction|output_[ab])\s*)>", re.IGNORECASE)
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
    frame = _read(folder / "frame.yaml", {"system", "user"})
    files = {p: _read(folder / f"{p}.yaml", {"criterion", "examples"}) for p in preferences}
    for preference, content in files.items():
        for example in content["examples"]:
            if set(example) != {"instruction", "output_a", "output_b", "answer"}:
                raise MopeError(f"{folder / preference}.yaml: an example needs instruction, output_a, output_b, answer")
            if example["answer"].lower() not in VERDICT_WORDS:
                raise MopeError(
                    f"{folder / preference}.yaml: answer {example['answer']!r}; Output (a), TIE or Output (b)"
                )
    return Templates(
        system=frame["system"],
        user=frame["user"],
        criteria={p: c["criterion"] for p, c in files.items()},
        examples={p: tuple(c["examples"]) for p, c in files.items()},
    )


def _read(path: Path, keys: set[str]) -> dict:
    if not path.is_file():
        raise MopeError(f"{path}: missing; every judged preference needs its template")
    content = yaml.safe_load(path.read_text())
    if not isinstance(content, dict) or set(content) != keys:
        raise MopeError(f"{path}: expected the keys {', '.join(sorted(keys))}")
    return content


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, the middle cut out visibly; no text can open or close the judge's own tags."""
    text = TAG.sub(r"[\1]", text)
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
    chat.append({"role": "user", "content": ask(comparison.prompt, comparison.first, comparison.second)})
    return chat


def parse(answer: str) -> str:
    """ "first", "tie", "second", or "unparsed" unless exactly one verdict stands alone on a line."""
    found = set()
    for line in answer.lower().splitlines():
        line = PREFIX.sub("", line.strip().strip("*_`\"'. "))
        verdict = VERDICT_WORDS.get(line.strip("*_`\"'. "))
        if verdict:
            found.add(verdict)
    return found.pop() if len(found) == 1 else "unparsed"
