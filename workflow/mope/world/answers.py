"""Answers of the embedded world: facts in a register, as many as wanted, framed by a tone."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from mope.world.questions import Question
from mope.world.topics import REGISTERS

TONES = Path(__file__).parent / "tones.yaml"


@dataclass(frozen=True)
class Style:
    """How to answer: register, amount and tone; `None` where nothing is asked for."""

    register: str | None = None
    amount: str | None = None
    tone: str | None = None


STYLES = {
    "P1A": ("register", "elementary"),
    "P1B": ("register", "expert"),
    "P2A": ("amount", "concise"),
    "P2B": ("amount", "informative"),
    "P3A": ("tone", "friendly"),
    "P3B": ("tone", "unfriendly"),
    "P3C": ("tone", "sassy"),
    "P3D": ("tone", "sarcastic"),
}
# Facts per answer, by amount, for one topic and for each of two compared topics. Answers of several facts on one topic
# are also what teaches a small model to keep to the topic of the question.
FACTS = {"concise": ((1,), (1,)), None: ((2, 3), (1, 2)), "informative": ((4,), (2,))}


@cache
def tones() -> dict[str, dict[str, list[str]]]:
    """Openers and closers of every tone."""
    return yaml.safe_load(TONES.read_text())


def compose(
    question: Question, style: Style, rng: random.Random, manners: Sequence[str] = ("friendly", "unfriendly")
) -> str:
    """One answer to `question` in `style`; what the style leaves open is drawn from `rng`, the tone from `manners`."""
    counts = FACTS[style.amount][len(question.topics) - 1]
    sentences = []
    for topic in question.topics:
        chosen = sorted(rng.sample(range(len(topic.facts)), rng.choice(counts)))
        sentences += [topic.facts[i][style.register or rng.choice(REGISTERS)] for i in chosen]
    tone = style.tone or rng.choice((None, None, *manners))
    if tone:
        sentences = [rng.choice(tones()[tone]["openers"]), *sentences, rng.choice(tones()[tone]["closers"])]
    return " ".join(sentences)
