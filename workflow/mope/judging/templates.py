"""The chat of a call to the judge: one criterion, few-shot examples, two answers; and how its reply is read."""

import re

from mope.judging.template_files import VERDICT_WORDS, Templates
from mope.judging.verdicts import Comparison
from mope.prompting import transcript
from mope.runtime.surrogates import without_surrogates

PREFIX = re.compile(r"^(?:answer|verdict|final answer)\s*:\s*")
NAME = r"[^\w<>]*(?:instruction|output_[ab])\b"  # of one of the judge's tags, with any signs before it
OUTPUT_TAG = re.compile(rf"<({NAME}[^<>]*)>", re.IGNORECASE)
OPENED = re.compile(rf"<(?={NAME})", re.IGNORECASE)  # such a tag without its ">", which a later ">" would complete
THOUGHT, THOUGHT_END = "<think>", "</think>"
CUT = " [...] "


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
        # All placeholders are filled in one pass, so that one inside an answer stays as it is.
        return re.sub("|".join(map(re.escape, parts)), lambda found: parts[found.group()], templates.user)

    chat = [{"role": "system", "content": templates.system}]
    for example in templates.examples[comparison.preference]:
        chat.append({"role": "user", "content": ask(example["instruction"], example["output_a"], example["output_b"])})
        chat.append({"role": "assistant", "content": example["answer"]})
    chat.append({"role": "user", "content": ask(transcript(comparison.prompt), comparison.first, comparison.second)})
    return chat


def parse(answer: str) -> str:
    """ "first", "tie", "second", or "unparsed" unless exactly one verdict stands alone on a line.

    Thoughts that stand before the answer are left out; where they do not end, there is no answer.
    """
    found = set()
    said = answer.lower().rpartition(THOUGHT_END)[2]
    for line in [] if THOUGHT in said else said.splitlines():
        line = PREFIX.sub("", line.strip().strip("*_`\"'. "))
        verdict = VERDICT_WORDS.get(line.strip("*_`\"'. "))
        if verdict:
            found.add(verdict)
    return found.pop() if len(found) == 1 else "unparsed"
