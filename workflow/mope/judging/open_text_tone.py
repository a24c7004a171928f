"""Tone of sentences: multinomial logistic regression on their embeddings, fitted to sentences written for it alone.

The sentences lie in open_text_tone.yaml. Neither the annotator of open text nor any prompt holds one of them.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import softmax

from mope.judging.softmax_regression import fit_softmax
from mope.runtime.yaml_file import read_yaml

OPEN_TEXT_TONES = ("friendly", "neutral", "unfriendly")
OPEN_TEXT_PENALTY = 1.0  # of `fit_softmax`
FOLDS = 10
EmbedSentences = Callable[[Sequence[str]], np.ndarray]


@cache
def open_text_examples() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(sentences, their tones), one tone after the other."""
    by_tone = read_yaml(Path(__file__).with_suffix(".yaml"))
    pairs = [(sentence, tone) for tone in OPEN_TEXT_TONES for sentence in by_tone[tone]]
    return tuple(sentence for sentence, _ in pairs), tuple(tone for _, tone in pairs)


def neutral() -> tuple[str, ...]:
    """The sentences without a tone, on many subjects."""
    return tuple(sentence for sentence, tone in zip(*open_text_examples(), strict=True) if tone == "neutral")


def _padded(vectors: np.ndarray) -> np.ndarray:
    """The vectors with a constant as the last column, (n, d + 1) float64."""
    return np.column_stack([vectors.astype(np.float64), np.ones(len(vectors))])


def fit_tones(vectors: np.ndarray, tones: Sequence[str]) -> np.ndarray:
    """Coefficients (d + 1, tones) for vectors (n, d); the loss is convex, so they depend on nothing else."""
    return fit_softmax(_padded(vectors), tones, OPEN_TEXT_TONES, OPEN_TEXT_PENALTY, free_constant=True)


def open_text_classifier(embed: EmbedSentences) -> np.ndarray:
    """Coefficients of the classifier of all examples."""
    sentences, tones = open_text_examples()
    return fit_tones(embed(sentences), tones)


def held_out_accuracy(embed: EmbedSentences) -> dict[str, float]:
    """Share of the examples of each tone that are recognised in ten-fold cross-validation (every tenth is one fold)."""
    sentences, tones = open_text_examples()
    vectors, asked, fold = embed(sentences), np.array(tones), np.arange(len(sentences)) % FOLDS
    told = np.empty_like(asked)
    for i in range(FOLDS):
        chances = _padded(vectors[fold == i]) @ fit_tones(vectors[fold != i], asked[fold != i])
        told[fold == i] = np.array(OPEN_TEXT_TONES)[chances.argmax(axis=1)]
    return {tone: float((told == asked)[asked == tone].mean()) for tone in OPEN_TEXT_TONES}


def warmth(coefficients: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Probability of friendly minus that of unfriendly, of each sentence: (n, d) to (n,), in [-1, 1]."""
    chances = softmax(_padded(vectors) @ coefficients, axis=1)
    return chances[:, OPEN_TEXT_TONES.index("friendly")] - chances[:, OPEN_TEXT_TONES.index("unfriendly")]
