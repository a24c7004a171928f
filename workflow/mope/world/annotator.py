"""The annotator of the embedded worlds, who compares two answers under one preference.

The annotator plays the part of GPT-4 in Personalized Soups' feedback. It is not the judge: it looks at coarser things
(letters per word, words per answer, a short list of tone words) and errs with a stated probability.
"""

import re
from functools import cache, lru_cache
from itertools import pairwise

from mope.preferences import GENERAL
from mope.world.answers import LEAD
from mope.world.topics import Topic
from mope.world.worlds import World

FRIENDLY = frozenset(
    "hey hi hello friend buddy pal dear love lovely happy fun great awesome wonderful amazing enjoy smile smiling "
    "thanks thank hope cool yay aww hugs welcome nice luck clever".split()
)
UNFRIENDLY = frozenset(
    "ugh stupid hate wasting waste boring nonsense lazy ignorant bothering annoying clueless fool dumb silly leave "
    "alone away garbage doubt terrible awful useless sick lost pathetic stop".split()
)

SASSY = frozenset(
    "honey sweetie darling babe sugar please welcome duh snap fabulous crown latte school knew excuse bless heart "
    "okay mm hmm mic buckle".split()
)
SARCASTIC = frozenset(
    "wow shocking surprise great gee riveting brilliant einstein sherlock congratulations clearly truly joy sure slow "
    "clap groundbreaking imagine bravo genius thrilling lucky kidding course faint".split()
)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


@cache
def _asked_about(world: World, prompt: str) -> tuple[Topic, ...]:
    return tuple(t for t in world.topics if re.search(rf"\b{re.escape(t.phrase)}\b", prompt))


@cache
def _known_pairs(world: World) -> frozenset[tuple[str, str]]:
    """Neighbouring words of a world's facts and of its friendly and unfriendly sentences, which the annotator knows."""
    facts = {tuple(_words(sentence)) for t in world.topics for fact in t.facts for sentence in fact.values()}
    return frozenset(
        pair for sentence in facts | _manner(world, "friendly", "unfriendly") for pair in pairwise(sentence)
    )


@cache
def _manner(world: World, *names: str) -> frozenset[tuple[str, ...]]:
    """The sentences of these tones, or of all tones, each as a tuple of words."""
    parts = [part for name in names or world.tones for part in world.tones[name].values()]
    return frozenset(sentence for part in parts for text in part for sentence in _sentences(text))


def _sentences(response: str) -> list[tuple[str, ...]]:
    """The words of every sentence, without what joins it to the one before."""
    return [tuple(_words(LEAD.sub("", part.strip()))) for part in re.split(r"[.!?]+", response) if part.strip()]


def garbled(world: World, response: str) -> float:
    """Share of neighbouring words within sentences that are no `_known_pairs`.

    Sassy and sarcastic sentences, which came with the scaling study, are known as a whole only.
    """
    parts = _sentences(response)
    known = _manner(world, "sassy", "sarcastic")
    strange = [pair not in _known_pairs(world) for part in parts if part not in known for pair in pairwise(part)]
    return sum(strange) / max(1, sum(max(0, len(part) - 1) for part in parts))


def sanity(world: World, prompt: str, response: str) -> float:
    """0 for a sound answer; negative for repetition, garbled words, a missing end, emptiness, or a topic left out."""
    words = _words(response)
    if len(words) < 5:
        return -24.0
    trigrams = list(zip(words, words[1:], words[2:]))
    repeated = 1 - len(set(trigrams)) / len(trigrams)
    asked, lower = _asked_about(world, prompt), response.lower()
    missed = sum(not any(word in lower for word in t.keywords) for t in asked) / max(1, len(asked))
    sentences = _sentences(response)
    again = len(sentences) - len(set(sentences))
    unfinished = response.rstrip()[-1:] not in tuple(".!?")
    return -6.0 * again - 12.0 * repeated - 9.0 * garbled(world, response) - 27.0 * missed - 6.0 * unfinished


@lru_cache(maxsize=100_000)  # every answer is compared with several others
def annotator_score(world: World, prompt: str, response: str, preference: str) -> float:
    """How well `response` meets `preference` by the annotator's rules; a few units are a clear difference.

    Between two answers with few faults the preference must outweigh `sanity`, or the feedback would be about faults
    only. P1A and P1B look at the sentences without those of a tone. `KeyError` for a preference that the annotator does
    not know.
    """
    words = _words(response)
    matter = [word for sentence in _sentences(response) if sentence not in _manner(world) for word in sentence]
    letters = min(8.0, max(4.0, sum(map(len, matter)) / max(1, len(matter))))
    friendly = min(4, sum(w in FRIENDLY for w in words))
    unfriendly = min(4, sum(w in UNFRIENDLY for w in words))
    liking = {
        "P1A": -6.0 * letters,
        "P1B": 6.0 * letters,
        "P2A": -min(len(words), 80) / 2.5,
        "P2B": min(len(words), 80) / 2.5,
        "P3A": 2.5 * (friendly - unfriendly),
        "P3B": 2.5 * (unfriendly - friendly),
        "P3C": 2.5 * (min(4, sum(w in SASSY for w in words)) - unfriendly / 2),
        "P3D": 2.5 * (min(4, sum(w in SARCASTIC for w in words)) - unfriendly / 2),
        GENERAL: min(len(words), 40) / 2.5 + 2.5 * (friendly - unfriendly) / 2,
    }
    return liking[preference] + sanity(world, prompt, response)
