"""The judge of open text: preferences as measurable properties of any answer to any prompt.

It plays the part of GPT-4 as the judge of an evaluation (deviation from the paper). It shares no signal with the
annotator of open text, which labels the training feedback by readability grades, word counts and a lexicon: here
register is word frequency and nesting, information is what each statement adds by its embedding, tone is a classifier
fitted to sentences of its own, and sound text is told by word order, near repetition and closeness to the prompt.

score = quality(preference) in [0, 1]  -  2 x degeneration (in [0, 1])  -  0.05 where the text breaks off

so that garbled and off-topic text loses against a sound answer whatever the preference asks for, while an answer that
only reached the limit of tokens loses a little.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2

import numpy as np

from mope.errors import MopeError
from mope.judging.open_text_familiarity import difficulty, unknown_share
from mope.judging.open_text_information import Content, content, statements
from mope.judging.open_text_order import disorder
from mope.judging.open_text_tone import neutral, open_text_classifier, warmth
from mope.preferences import OPEN_TEXT
from mope.texts.passages import passage_words, split_sentences

DOUBLINGS = 4.5  # one statement is fully concise; after so many doublings, at 23 statements, nothing is left of it
HALF = 4.0  # new statements on the subject at which an answer is half informative
RELATED = (1.0, 1.7)  # closeness: below the first an answer is off topic, above the second on topic
STOPS = (".", "!", "?", "\u2026", "```")
COMPRESSED = 400  # bytes of a text from which on repetition is also measured by compression
UNFINISHED = 0.05  # points that a text without an end loses
Embed = Callable[[Sequence[str]], np.ndarray]
MeasuredAnswer = tuple[str, str]  # prompt, response


@dataclass(frozen=True)
class OpenTextFeatures:
    """What the judge measures in one answer."""

    difficulty: float  # in [0, 1]
    content: Content
    warmth: np.ndarray  # (statements,) in [-1, 1]
    degenerate: float  # in [0, 1]: empty, off-topic, repetitive, words out of order, not English
    unfinished: bool


def measure(answers: Sequence[MeasuredAnswer], embed: Embed) -> list[OpenTextFeatures]:
    """Features of answers, in order; all texts are embedded in a first call, whose vectors `embed` should keep."""
    parts = [split_sentences(response) or [response] for _, response in answers]
    said = [statements(own) or own for own in parts]
    embed([text for (prompt, _), cut in zip(answers, said, strict=True) for text in (prompt, *cut)])
    tone, unrelated = open_text_classifier(embed), embed(neutral())
    found = []
    for (prompt, response), own, cut in zip(answers, parts, said, strict=True):
        told = content(embed([prompt])[0], embed(cut), unrelated)
        found.append(
            OpenTextFeatures(
                difficulty=difficulty(prompt, own),
                content=told,
                warmth=warmth(tone, embed(cut)),
                degenerate=degeneration(response, own, told),
                unfinished=not response.rstrip(" \n\"')*_").endswith(STOPS),
            )
        )
    return found


def relevance(told: Content) -> float:
    """From 0, where an answer is no nearer to its prompt than to unrelated sentences, to 1, where it clearly is."""
    return float(np.interp(told.closeness, RELATED, (0, 1)))


def degeneration(response: str, parts: Sequence[str], told: Content) -> float:
    """The worst of an answer's defects, in [0, 1]."""
    text = response.encode(errors="replace")
    squeezed = len(text) / len(zlib.compress(text)) if len(text) >= COMPRESSED else 1.0
    return max(
        float(np.interp(len(passage_words(response)), (0, 3), (1, 0))),
        float(np.interp(told.closeness, RELATED, (1, 0))),
        float(np.interp(told.repeated, (0.15, 0.6), (0, 1))),
        float(np.interp(squeezed, (2.6, 4.5), (0, 1))),
        float(np.interp(disorder(parts), (0.15, 0.4), (0, 1))),
        float(np.interp(unknown_share(parts), (0.08, 0.3), (0, 1))),
    )


def open_text_quality(f: OpenTextFeatures, preference: str) -> float:
    """How well an answer meets one preference, in [0, 1], without regard to its defects.

    `MopeError` for a preference that it does not know.
    """
    match preference:
        case "P1A":
            return 1 - f.difficulty
        case "P1B":
            return f.difficulty
        case "P2A":  # few statements, and the first one close to the question
            return 0.75 * max(0.0, 1 - log2(f.content.count) / DOUBLINGS) + 0.25 * max(0.0, f.content.directness)
        case "P2B":
            return 1 - 2 ** (-f.content.news / HALF)
        case "P3A":  # mean over the statements, and the warmest one
            return 0.5 + (f.warmth.mean() + f.warmth.max()) / 4
        case "P3B":
            return 0.5 - (f.warmth.mean() + f.warmth.min()) / 4
    raise MopeError(f"preference {preference!r}: the judge of open text knows {', '.join(OPEN_TEXT)}")


def open_text_score(f: OpenTextFeatures, preference: str) -> float:
    """Points of one answer under one preference: at most 1; below 0 when the text is degenerate."""
    return float(open_text_quality(f, preference)) - 2 * f.degenerate - UNFINISHED * f.unfinished
