"""The embedded judge that knows the truth: it scores what an answer states, not what its words look like.

Each sentence is a fact of an asked topic, in a register; or a sentence of a tone, or of a formal or informal manner; or
neither: invented, garbled, or about something else. A **sound** answer states a fact of every asked topic, has no
sentence of the last sort and repeats none.

score = quality(preference)                                   of a sound answer, in [0, 1]
      = (1 - faulty) x quality(preference) - faulty - UNSOUND  of any other, below -0.25; `faulty`: its share of faults

So an unsound answer loses against a sound one whatever the preference asks for, and by more than a dead band. The judge
shares no word list with the annotator or the rubric, counts no letters, and is never shown to training (deviation from
the paper, which asks GPT-4). It judges answers to questions of the embedded world only.

Most answers are wholly in one register and one tone, so many pairs tie there: nothing tells them apart. Qualities go in
steps of a fact of four (of eight where two topics are asked for), of one half of a frame, and for brevity of single
words; a dead band below 1/8 keeps all steps but those of a few words.
"""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from mope.errors import MopeError
from mope.judging.knowledge import asked_topics
from mope.judging.statements import Statement, normalised, read_statements
from mope.judging.text import sentences
from mope.judging.text_scores import Scorer
from mope.judging.tone import label
from mope.world.worlds import World

STAGE = "judge_text"
REQUIRED = {"dead_band": {"type": "number", "minimum": 0}}
OPTIONAL = {}
PREFERENCES = ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B", "P3C", "P3D", "P4A", "P4B"]
READS = ["judging/tone_sentences/*.txt"]
WORLD_ONLY = True
TABLES = ["tone_classifier"]

UNSOUND = 1.25  # points that any fault costs: more than the largest quality and a dead band together
TRUTH_WORDS_PER_FACT = 40  # so many words beside the facts cost as much as one superfluous fact


@dataclass(frozen=True)
class Reading:
    """What one answer states."""

    topics: int  # asked for
    available: int  # facts of these topics
    stated: tuple[Statement, ...]  # facts of asked topics, in order
    missing: int  # asked topics of which no fact is stated
    invented: int  # sentences that are neither a fact of an asked topic nor a sentence of a manner
    repeated: int  # sentences said before, word for word
    opening: Statement | None  # of the first sentence, those of a formal or informal manner aside
    closing: Statement | None  # of the last one, likewise
    manner: tuple[str, ...]  # sentences that state no fact of the world and are of no such manner, for the tone
    formality: tuple[str, ...]  # formal or informal: of each sentence of such a manner
    other_words: int  # of sentences that state no fact of an asked topic
    sentences: int

    @property
    def faulty(self) -> float:
        """Faulty sentences and missing topics as a share of all; 1 for an answer without a fact that was asked for."""
        faults = self.invented + self.repeated + self.missing
        return faults / (self.sentences + self.missing) if self.stated else 1.0

    @property
    def facts(self) -> int:
        """Different facts; one stated in both registers is one."""
        return len({(fact.topic, fact.index) for fact in self.stated})


@lru_cache(maxsize=400_000)
def reading(world: World, prompt: str, response: str) -> Reading:
    """Read one answer; `MopeError` for a prompt that is no question of the embedded world."""
    topics = asked_topics(world, prompt)
    if not topics:
        raise MopeError(f"prompt {prompt[:80]!r}: the truth is known for questions of the embedded world only")
    parts = sentences(response)
    found = [read_statements(world, part) for part in parts]
    ids = {topic.id for topic in topics}
    stated = tuple(s for s in found if s and s.topic in ids)
    inner = [s for s in found if not (s and s.formality)]
    said = Counter(map(normalised, parts))
    return Reading(
        topics=len(topics),
        available=sum(len(topic.facts) for topic in topics),
        stated=stated,
        missing=len(ids - {fact.topic for fact in stated}),
        invented=sum(s is None or (s.topic != "" and s.topic not in ids) for s in found),
        repeated=said.total() - len(said),
        opening=inner[0] if inner else None,
        closing=inner[-1] if inner else None,
        manner=tuple(part for part, s in zip(parts, found, strict=True) if s is None or s.tone),
        formality=tuple(s.formality for s in found if s and s.formality),
        other_words=sum(
            len(normalised(part)) for part, s in zip(parts, found, strict=True) if s is None or s.topic not in ids
        ),
        sentences=len(parts),
    )


def in_register(found: Reading, register: str) -> float:
    """Share of the stated facts that are in a register; one half where none is stated."""
    return sum(fact.register == register for fact in found.stated) / len(found.stated) if found.stated else 0.5


def _brevity(found: Reading) -> float:
    """From 1, for one fact per asked topic and no other word, to 0, for all known facts, or words that cost as much."""
    excess = max(0, len(found.stated) - found.topics) + found.other_words / TRUTH_WORDS_PER_FACT
    return 1 - min(1.0, excess / max(1, found.available - found.topics))


def _share(found: Reading, tone: str, asked: str) -> float:
    """Share of the manner sentences in a tone, their number taken as two at least: an answer has room for two."""
    return sum(label(part, asked) == tone for part in found.manner) / max(2, len(found.manner))


def _warmth(found: Reading) -> float:
    """Share of friendly sentences minus that of unfriendly ones, in [-1, 1]."""
    return _share(found, "friendly", "friendly") - _share(found, "unfriendly", "unfriendly")


def _formality(found: Reading) -> float:
    """Formal minus informal sentences as a share of all such, taken as two at least as for a tone; in [-1, 1]."""
    return (found.formality.count("formal") - found.formality.count("informal")) / max(2, len(found.formality))


def answer_quality(found: Reading, preference: str) -> float:
    """How well an answer meets one preference, in [0, 1], without regard to its faults.

    `MopeError` for a preference that the judge does not know.
    """
    match preference:
        case "P1A":
            return in_register(found, "elementary")
        case "P1B":
            return in_register(found, "expert")
        case "P2A":
            return _brevity(found)
        case "P2B":
            return found.facts / found.available
        case "P3A":
            return (1 + _warmth(found)) / 2
        case "P3B":
            return (1 - _warmth(found)) / 2
        case "P3C":
            return _share(found, "sassy", "sassy")
        case "P3D":
            return _share(found, "sarcastic", "sarcastic")
        case "P4A":
            return (1 + _formality(found)) / 2
        case "P4B":
            return (1 - _formality(found)) / 2
    raise MopeError(f"preference {preference!r}: the truth judge knows {', '.join(PREFERENCES)}")


def truth_score(world: World, prompt: str, response: str, preference: str) -> float:
    """Points of one answer under one preference: in [0, 1] if it is sound, else in [-2.25, -0.25).

    `MopeError` for a prompt outside the embedded world, or a preference that the judge does not know.
    """
    found = reading(world, prompt, response)
    good, faulty = answer_quality(found, preference), found.faulty
    return good if faulty == 0 else (1 - faulty) * good - faulty - UNSOUND


def scorer(world: World) -> Scorer:
    """The points of each (prompt, response, preference); the function raises what `truth_score` does."""
    return lambda answers: [truth_score(world, *answer) for answer in answers]
