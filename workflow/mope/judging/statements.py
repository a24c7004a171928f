"""What a sentence of an embedded world states: a fact in a register, a sentence of a manner, or nothing known.

Answers copy the world's sentences, so a sentence is compared with these as a whole. It counts as one of them if its
content words and its last word are the same in the same order, and of all its words at most one in `WORDS_PER_SLIP`
differs. A sentence with a changed, missing or added content word or a negation, one made of halves of two facts, or one
that is cut off, is none of them.
"""

from collections import defaultdict
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache, lru_cache

from mope.judging.text import words
from mope.world.answers import LEAD
from mope.world.topics import REGISTERS
from mope.world.worlds import World

WORDS_PER_SLIP = 6
# Words that may be missing or added: they carry no subject, quantity, direction or negation.
GRAMMAR = frozenset(
    """a an the is are was were be been being am do does did has have had will would shall it its it's they their them
    this that these those which who also and then so just very really""".split()
)


@dataclass(frozen=True)
class Statement:
    """A sentence of the world: fact `index` of `topic` in `register`, or one of `tone` or `formality` at `place`."""

    topic: str = ""
    index: int = -1
    register: str = ""  # elementary | expert
    tone: str = ""
    place: str = ""  # openers | closers
    formality: str = ""  # formal | informal


def normalised(sentence: str) -> tuple[str, ...]:
    """The lower-case words without what joins the sentence to the one before."""
    return tuple(words(LEAD.sub("", sentence.strip())))


def _content(tokens: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in tokens if word not in GRAMMAR)


def known(world: World) -> dict[str, Statement]:
    """Every sentence of a world and what it states."""
    facts = {
        fact[register]: Statement(topic.id, index, register)
        for topic in world.topics
        for index, fact in enumerate(topic.facts)
        for register in REGISTERS
    }
    manners = {
        text: Statement(**{kind: name}, place=place)
        for kind, frames in (("tone", world.tones), ("formality", world.formality))
        for name, places in frames.items()
        for place, texts in places.items()
        for text in texts
    }
    return facts | manners


@cache
def _index(world: World) -> dict[tuple[str, ...], list[tuple[tuple[str, ...], Statement]]]:
    """The world's sentences by their content words."""
    index = defaultdict(list)
    for text, statement in known(world).items():
        tokens = normalised(text)
        index[_content(tokens)].append((tokens, statement))
    return dict(index)


def slips(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    """Words inserted, deleted or replaced between two word sequences."""
    changes = SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for change, i1, i2, j1, j2 in changes if change != "equal")


@lru_cache(maxsize=200_000)
def read_statements(world: World, sentence: str) -> Statement | None:
    """What a sentence states; None for one that is none of the world's."""
    tokens = normalised(sentence)
    alike = _index(world).get(_content(tokens), ())
    near = [(slips(tokens, own), statement) for own, statement in alike if own[-1:] == tokens[-1:]]
    count, statement = min(near, key=lambda found: found[0], default=(0, None))
    return statement if count * WORDS_PER_SLIP <= len(tokens) else None
