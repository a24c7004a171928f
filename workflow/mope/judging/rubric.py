"""The annotator-like rubric: preferences as measurable properties of a text.

A second judge, for any text, beside the one that knows the truth (`mope.judging.kinds.truth`). Training never sees it,
but what it measures is much of what the annotator of the training feedback measures: letters per word, words, and
lexicons of tone that hold nearly all of the annotator's. So it tells whether training reached its aim more than whether
the aim was the right one; `tables/annotator_agreement.csv` says how far the two agree.

score = quality(preference) in [0, 1]  -  blemishes (up to 0.5)  -  2 x degeneration (in [0, 1])

so that degenerate text loses against any sane answer whatever the preference asks for.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from math import log2

import textstat
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from mope.errors import MopeError
from mope.judging import fluency, lexicons
from mope.judging.fluency import ramp
from mope.judging.knowledge import STATED, asked_topics, credit, mentions
from mope.judging.text import TECHNICAL_LETTERS, content_stems, sentences, words
from mope.world.worlds import World

DEAD_BAND = 0.05  # points of score below which two answers tie in config.yaml; a run uses its own `dead_band`
TECHNICAL_ENDINGS = ("tion", "sion", "ity", "ism", "ic", "ical", "ous", "ide", "ase", "ose", "ance", "ence", "graphy")
GRADE_CHILD, GRADE_SCHOLAR = 2.0, 22.0  # school years at the ends of the readability scale
FRAGMENT, WHOLE = 0.2, 0.8  # credit: below the first a sentence is not the fact, from the second the fact alone
WORDS_PER_FACT = 6  # distinct content words that count as one fact where the facts are not known


@dataclass(frozen=True)
class Features:
    """What the rubric measures in one answer to one prompt."""

    n_words: int
    grade: float  # school years, mean of Coleman-Liau and ARI over the informative sentences
    technical: float  # share of technical words in the informative sentences
    facts: float  # distinct relevant facts stated, each weighted by how well
    repeated_facts: int
    covered: float  # share of the asked topics that the answer treats; 1 outside the known world
    tone: float  # from -1 (hostile) to 1 (warm)
    sassy: float  # in [0, 1]
    sarcastic: float  # in [0, 1]
    blemish: float  # in [0, 1]: sentences taken apart, broken grammar
    degenerate: float  # in [0, 1]: empty, repetitive, off-topic, truncated, no language


@cache
def _sentiment() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


def _grade(text: str) -> float:
    """School years needed, by the two grades that count characters; those that count syllables load a corpus."""
    return (textstat.coleman_liau_index(text) + textstat.automated_readability_index(text)) / 2


def _technical(tokens: list[str]) -> float:
    """Share of technical words: long ones, and those of more than five letters with a learned ending."""
    long = [w for w in tokens if len(w) >= TECHNICAL_LETTERS or (len(w) > 5 and w.endswith(TECHNICAL_ENDINGS))]
    return len(long) / max(1, len(tokens))


def _hits(tokens: set[str], text: str, lexicon: frozenset[str], phrases: tuple[str, ...]) -> int:
    """Distinct words and phrases of a lexicon in a text."""
    return len(tokens & lexicon) + sum(phrase in text for phrase in phrases)


def _tone(text: str) -> tuple[float, float, float]:
    """(warmth minus hostility, sassiness, sarcasm) of a text; each saturates, so that piling up gains nothing."""
    lower, tokens = text.lower(), set(words(text))
    warm = min(3, _hits(tokens, lower, lexicons.WARM, lexicons.WARM_PHRASES)) / 3
    hostile = min(3, _hits(tokens, lower, lexicons.HOSTILE, lexicons.HOSTILE_PHRASES)) / 3
    sentiment = _sentiment().polarity_scores(text)["compound"] if tokens else 0.0
    sassy = min(3, _hits(tokens, lower, lexicons.SASSY_WORDS, lexicons.SASSY_PHRASES)) / 3
    irony = min(3, _hits(tokens, lower, lexicons.SARCASTIC_WORDS, lexicons.SARCASTIC_PHRASES)) / 3
    return 0.6 * (warm - hostile) + 0.4 * sentiment, sassy, irony


def _is_manner(sentence: str) -> bool:
    """Whether a sentence without a fact serves the tone: it addresses somebody or carries courtesy or hostility."""
    tokens, lower = set(words(sentence)), sentence.lower()
    address = {"i", "i'm", "me", "my", "you", "you're", "your", "we", "us", "let's"}
    polite = _hits(tokens, lower, lexicons.WARM, lexicons.WARM_PHRASES)
    rude = _hits(tokens, lower, lexicons.HOSTILE, lexicons.HOSTILE_PHRASES)
    return bool(tokens & address) or polite + rude > 0 or len(tokens) <= 3


@dataclass(frozen=True)
class _Content:
    """What an answer says on the subject."""

    informative: list[str]
    manner: list[str]
    facts: float
    repeated: int
    covered: float
    relevance: float  # from 0 (off-topic) to 1
    taken_apart: float  # share of the informative words that stand in no known order


def _known_content(world: World, topics, parts: list[str]) -> _Content:
    """Content of an answer to a prompt of the world, sentence by sentence against the topics' facts."""
    stated, touched, informative, manner = {}, set(), [], []
    repeated, strength, weight, matched = 0, 0.0, 0, 0.0
    for part in parts:
        (index, value, order), topic = max(((credit(world, part, t.id), t) for t in topics), key=lambda c: c[0][1])
        serves_tone = value < FRAGMENT and _is_manner(part)
        if value < WHOLE:  # tone and fact may share a sentence
            manner.append(part)
        if not serves_tone:
            informative.append(part)
            size = len(words(part))
            weight += size
            matched += size * order
        named = {t.id for t in topics if mentions(part, t)}
        if named or value >= STATED:
            strength = max(strength, value)
        touched |= named
        if value >= STATED:
            touched.add(topic.id)
            repeated += (topic.id, index) in stated
            stated[topic.id, index] = max(value, stated.get((topic.id, index), 0.0))
    return _Content(
        informative=informative,
        manner=manner,
        facts=sum(stated.values()),
        repeated=repeated,
        covered=len(touched) / len(topics),
        relevance=ramp(strength, 0.2, 0.6) if touched else 0.0,
        taken_apart=1 - matched / weight if weight else 0.0,
    )


def _unknown_content(prompt: str, response: str, parts: list[str]) -> _Content:
    """Content of an answer to any other prompt: overlap with the prompt, and distinct content words as facts."""
    wanted, said = set(content_stems(words(prompt))), content_stems(words(response))
    shared = wanted & set(said)
    return _Content(
        informative=parts,
        manner=parts,
        facts=len(set(said)) / WORDS_PER_FACT,
        repeated=fluency.repeated_sentences(response),
        covered=1.0,
        relevance=1.0 if shared or not wanted else 0.0,
        taken_apart=0.0,
    )


@lru_cache(maxsize=400_000)
def features(world: World, prompt: str, response: str) -> Features:
    """Measure one answer; results are cached."""
    tokens, parts, topics = words(response), sentences(response), asked_topics(world, prompt)
    content = _known_content(world, topics, parts) if topics else _unknown_content(prompt, response, parts)
    subject = " ".join(content.informative)
    tone, sassy, irony = _tone(" ".join(content.manner))
    broken = fluency.breaks(response) / max(1, len(parts))
    degenerate = max(
        float(len(tokens) < 3),
        float(fluency.unfinished(response)),
        ramp(fluency.repetition(tokens), 0.1, 0.3),
        ramp(fluency.repeated_sentences(response), 0, 2),
        ramp(fluency.noise(response, tokens), 0.1, 0.3),
        fluency.monotony(tokens),
        1 - content.relevance,
        ramp(content.taken_apart, 0.3, 0.6),
        ramp(broken, 0.5, 1.5),
    )
    return Features(
        n_words=len(tokens),
        grade=_grade(subject) if words(subject) else GRADE_SCHOLAR / 2,
        technical=_technical(words(subject)),
        facts=content.facts,
        repeated_facts=content.repeated,
        covered=content.covered,
        tone=tone,
        sassy=sassy,
        sarcastic=irony,
        blemish=min(1.0, content.taken_apart + ramp(broken, 0.0, 1.0)),
        degenerate=degenerate,
    )


def fluency_and_relevance(f: Features, preference: str) -> float:
    """How well an answer meets one preference, in [0, 1], without its blemishes and degeneration.

    `MopeError` for a preference that the rubric does not know.
    """
    difficulty = 0.7 * ramp(f.grade, GRADE_CHILD, GRADE_SCHOLAR) + 0.3 * ramp(f.technical, 0.0, 0.6)
    match preference:
        case "P1A":
            return 1 - difficulty
        case "P1B":
            return difficulty
        case "P2A":  # each doubling beyond eight words costs the same; leaving a topic out costs more
            return (0.5 + 0.5 * f.covered) * (1 - ramp(log2(max(8, f.n_words) / 8), 0, 6))
        case "P2B":  # distinct facts, with diminishing returns
            return max(0.0, (0.5 + 0.5 * f.covered) * (1 - 2 ** (-f.facts / 2)) - 0.1 * f.repeated_facts)
        case "P3A":
            return (1 + f.tone) / 2
        case "P3B":
            return (1 - f.tone) / 2
        case "P3C":
            return 0.7 * f.sassy + 0.3 * (1 - abs(f.tone))
        case "P3D":
            return 0.7 * f.sarcastic + 0.3 * (1 - abs(f.tone))
    raise MopeError(f"preference {preference!r}: the rubric knows P1A, P1B, P2A, P2B, P3A, P3B, P3C and P3D")


def score(world: World, prompt: str, response: str, preference: str) -> float:
    """Rubric points of one answer under one preference: at most 1; below -0.5 when the text is degenerate."""
    f = features(world, prompt, response)
    return fluency_and_relevance(f, preference) - 0.5 * f.blemish - 2 * f.degenerate
