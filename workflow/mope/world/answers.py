"""Answers of an embedded world: facts in a register, as many as wanted, joined as in prose.

A tone frames the facts, and a formal or informal manner frames all of that.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mope.world.questions import Question
from mope.world.topics import REGISTERS
from mope.world.worlds import World


@dataclass(frozen=True)
class Style:
    """How to answer: register, amount, tone and formality; `None` where nothing is asked for."""

    register: str | None = None
    amount: str | None = None
    tone: str | None = None
    formality: str | None = None


STYLES = {
    "P1A": ("register", "elementary"),
    "P1B": ("register", "expert"),
    "P2A": ("amount", "concise"),
    "P2B": ("amount", "informative"),
    "P3A": ("tone", "friendly"),
    "P3B": ("tone", "unfriendly"),
    "P3C": ("tone", "sassy"),
    "P3D": ("tone", "sarcastic"),
    "P4A": ("formality", "formal"),
    "P4B": ("formality", "informal"),
}
# Words that join a fact to those before it; they have no register and no tone. The connective decides that another
# fact follows, and only the words after it decide its register, as in prose.
CONNECTIVES = ("Also,", "Besides,", "And")  # in this order
LEAD = re.compile(rf"^(?:{'|'.join(CONNECTIVES)}) ", re.IGNORECASE)
# Numbers of facts that an answer may have, by amount: on one topic, and on two that are compared. Facts are stated in
# the order of the topic's file. In a comparison the two topics take turns, so that every answer treats both.
FACTS = {"concise": ((1,), (2,)), None: ((1, 2, 3, 4), (2, 3, 4)), "informative": ((4,), (4,))}


def followed_preferences(world: World) -> list[str]:
    """The preferences that answers of a world can follow: for tones and formality it must have sentences."""
    own = {"tone": world.tones, "formality": world.formality}
    return [name for name, (part, value) in STYLES.items() if part not in own or value in own[part]]


def within(world: World, sentence: str) -> str:
    """The sentence as it stands after a connective: its first letter is small, unless it begins a name."""
    name = re.match(r"[\w']+", sentence)[0] in world.proper_nouns
    return sentence if name else sentence[0].lower() + sentence[1:]


def compose(
    world: World,
    question: Question,
    style: Style,
    rng: random.Random,
    manners: Sequence[str] = ("friendly", "unfriendly"),
    formality: Sequence[str] = (),
) -> str:
    """One answer to `question` in `style`.

    What the style leaves open is drawn from `rng`: the tone from `manners`, and from `formality` formal, informal or
    neither. If `formality` is empty, nothing is drawn for it, and `rng` goes on as in a world that has none.
    """
    counts = FACTS[style.amount][len(question.topics) - 1]
    in_turn = [fact for turn in zip(*(topic.facts for topic in question.topics), strict=True) for fact in turn]
    facts = [fact[style.register or rng.choice(REGISTERS)] for fact in in_turn[: rng.choice(counts)]]
    sentences = [
        facts[0],
        *(f"{lead} {within(world, fact)}" for lead, fact in zip(CONNECTIVES, facts[1:], strict=False)),
    ]
    tone = style.tone or rng.choice((None, None, *manners))
    if tone:
        sentences = _framed(sentences, world.tones[tone], rng)
    degree = style.formality or (rng.choice((None, None, *formality)) if formality else None)
    if degree:
        sentences = _framed(sentences, world.formality[degree], rng)
    return " ".join(sentences)


def _framed(sentences: list[str], frame: dict[str, list[str]], rng: random.Random) -> list[str]:
    return [rng.choice(frame["openers"]), *sentences, rng.choice(frame["closers"])]
