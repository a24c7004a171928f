"""Which topics of an embedded world a prompt asks for, and which of their facts a sentence states."""

import re
from collections import Counter
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from itertools import pairwise

from mope.judging.text import FUNCTION_WORDS, stem, words
from mope.world.topics import Topic
from mope.world.worlds import World

# Words that ask for an explanation. The embedded world can answer a prompt that consists of these words, function words
# and topic phrases; any other prompt is judged without the world.
ASKING = frozenset(
    """tell explain describe compare comparison difference different differ differences learn know knowledge question
    answer answers give please want help understand teach talk say facts fact information wonder curious work works
    mean means like interested hear read write show summarize discuss similar better well
    contrast sets apart something let""".split()
)
STATED = 0.5  # credit from which a sentence counts as stating a fact


@dataclass(frozen=True)
class Fact:
    """One fact: the units (content stems and word bigrams) of each wording, and of both."""

    wordings: tuple[Counter, ...]
    either: Counter


def units(tokens: list[str]) -> Counter:
    """Content stems and pairs of neighbouring words, counted: shared words alone do not make a sentence."""
    stems = (stem(word) for word in tokens if word not in FUNCTION_WORDS)
    return Counter(stems) + Counter(pairwise(tokens))


@cache
def _phrases(world: World) -> tuple[tuple[re.Pattern, Topic], ...]:
    """Topics by phrase, longest first, so that "sound waves" is not taken for "sound"."""
    ordered = sorted(world.topics, key=lambda t: (-len(t.phrase), t.phrase))
    return tuple((re.compile(rf"\b{re.escape(t.phrase.lower())}\b"), t) for t in ordered)


@cache
def _asking(world: World) -> frozenset[str]:
    """Words that name no subject: words that ask, function words, and words of the world's question templates."""
    forms = [form for kind in fields(world.questions) for form in getattr(world.questions, kind.name)]
    return ASKING | FUNCTION_WORDS | {word for form in forms for word in words(re.sub(r"{\w+}", " ", form))}


@lru_cache(maxsize=20_000)
def asked_topics(world: World, prompt: str) -> tuple[Topic, ...]:
    """The topics a prompt asks for; empty when the prompt asks for anything else besides."""
    rest, found = prompt.lower(), []
    for pattern, topic in _phrases(world):
        rest, count = pattern.subn(" ", rest)
        if count:
            found.append(topic)
    asking = _asking(world)
    strange = [word for word in words(rest) if word not in asking]
    return () if strange else tuple(found)


@cache
def facts(world: World) -> dict[str, tuple[Fact, ...]]:
    """The facts of every topic, by topic id, as units."""
    known = {}
    for topic in world.topics:
        both = [tuple(units(words(text)) for text in fact.values()) for fact in topic.facts]
        known[topic.id] = tuple(Fact(wordings, wordings[0] | wordings[-1]) for wordings in both)
    return known


@lru_cache(maxsize=200_000)
def credit(world: World, sentence: str, topic_id: str) -> tuple[int, float, float]:
    """The fact of a topic that a sentence comes closest to: (index, credit, order), the last two in [0, 1].

    Credit is the geometric mean of precision (share of the sentence's units found in either wording) and recall (share
    of one wording's units found in the sentence). Order is the share of its word pairs found in either wording.
    """
    tokens = words(sentence)
    have, pairs = units(tokens), Counter(pairwise(tokens))
    best = (0, 0.0, 0.0)
    for index, fact in enumerate(facts(world)[topic_id]):
        precision = (have & fact.either).total() / max(1, have.total())
        recall = max((have & wording).total() / wording.total() for wording in fact.wordings)
        value = (precision * recall) ** 0.5
        if value > best[1]:
            best = (index, value, (pairs & fact.either).total() / max(1, pairs.total()))
    return best


def mentions(sentence: str, topic: Topic) -> bool:
    """Whether a sentence names the topic by phrase or by one of its keywords."""
    lower = sentence.lower()
    return topic.phrase.lower() in lower or any(keyword in lower for keyword in topic.keywords)
