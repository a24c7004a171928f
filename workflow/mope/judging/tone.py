"""The tone of a sentence, by a classifier fitted to sentences written for it alone.

Multinomial logistic regression on the words, pairs of words and runs of characters of a sentence. Its examples,
`tone_sentences/<tone>.txt`, were written for it: none occurs in the embedded world, and it shares no word list with the
annotator or the rubric.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.special import softmax

from mope.judging.softmax_regression import fit_softmax
from mope.judging.text import words
from mope.world.worlds import World

FOLDER = Path(__file__).parent / "tone_sentences"
POLES = ("friendly", "unfriendly", "neutral")
TONES = (*POLES, "sassy", "sarcastic")
RUNS = (3, 4, 5)  # characters per run, blanks around each word counted
PENALTY = 0.03  # of `fit_softmax`; chosen by the accuracy on held-out examples (`held_out`)


def pieces(sentence: str) -> set[str]:
    """Features of a sentence: words, pairs of neighbouring words, character runs within words, marks at the end."""
    tokens = words(sentence)
    runs = {f" {word} "[i : i + n] for word in tokens for n in RUNS for i in range(len(word) + 3 - n)}
    marks = {f"mark {mark}" for mark in re.findall(r"[.!?]", sentence)}
    return {f"word {w}" for w in tokens} | {f"pair {a} {b}" for a, b in pairwise(tokens)} | runs | marks


class ToneClassifier:
    """Fitted on (sentence, tone) pairs; deterministic, the loss is convex."""

    def __init__(self, sentences: Sequence[str], labelled: Sequence[str]):
        features = [pieces(sentence) for sentence in sentences]
        seen = Counter(piece for found in features for piece in found)
        self.column = {piece: i for i, piece in enumerate(sorted(p for p, n in seen.items() if n > 1))}
        exact = {"ftol": 1e-13, "gtol": 1e-6, "maxiter": 5000}
        self.weights = fit_softmax(self._matrix(features), labelled, TONES, PENALTY, free_constant=False, **exact)

    def _matrix(self, features: list[set[str]]) -> csr_array:
        """Rows of unit length, and a constant: (sentences, features + 1) float64."""
        known = [sorted(self.column[piece] for piece in found if piece in self.column) for found in features]
        rows = [np.append(np.full(len(k), len(k) ** -0.5 if k else 0.0), 1.0) for k in known]
        starts = np.cumsum([0, *(len(row) for row in rows)])
        columns = [place for k in known for place in (*k, len(self.column))]
        return csr_array((np.concatenate(rows), columns, starts), shape=(len(features), len(self.column) + 1))

    def probabilities(self, sentences: list[str]) -> np.ndarray:
        """(sentences, tones) float64 in the order of `TONES`; rows sum to 1."""
        return softmax(self._matrix([pieces(sentence) for sentence in sentences]) @ self.weights, axis=1)


@cache
def examples() -> tuple[tuple[str, str], ...]:
    """The sentences written for the classifier, each with its tone."""
    return tuple((line, tone) for tone in TONES for line in (FOLDER / f"{tone}.txt").read_text().splitlines())


@cache
def classifier() -> ToneClassifier:
    """The classifier of all examples; fitted once per process, in about a second."""
    return ToneClassifier(*zip(*examples(), strict=True))


def labels(probabilities: np.ndarray, asked: str) -> np.ndarray:
    """The most probable tone of each row of (n, tones), among friendly, unfriendly, neutral and the one `asked` for."""
    among = [place for place, tone in enumerate(TONES) if tone in (*POLES, asked)]
    return np.array(TONES)[among][probabilities[:, among].argmax(axis=1)]


@lru_cache(maxsize=200_000)
def label(sentence: str, asked: str) -> str:
    """The tone of one sentence, by `labels`: the classifier's certainty is not used as a degree of tone."""
    return str(labels(classifier().probabilities([sentence]), asked)[0])


@cache
def held_out(folds: int = 10) -> np.ndarray:
    """(examples, tones) probabilities of every example by a classifier that did not see its fold, every `folds`-th."""
    found = np.empty((len(examples()), len(TONES)))
    for fold in range(folds):
        fitted = ToneClassifier(*zip(*(e for i, e in enumerate(examples()) if i % folds != fold), strict=True))
        found[fold::folds] = fitted.probabilities([sentence for sentence, _ in examples()[fold::folds]])
    return found


def accuracy(labelled: Sequence[tuple[str, str]], probabilities: np.ndarray) -> pd.DataFrame:
    """How well (sentence, tone) pairs are recognised from (n, tones) probabilities; one row per tone that occurs.

    Columns: tone; sentences; accuracy, the share that `labels` gives their own tone where it is asked for; among_all,
    the same where all tones compete.
    """
    own = [tone for _, tone in labelled]
    table = pd.DataFrame({"tone": own, "among_all": np.array(TONES)[probabilities.argmax(axis=1)] == own})
    table["accuracy"] = [labels(row[None], tone)[0] == tone for row, tone in zip(probabilities, own, strict=True)]
    grouped = table.groupby("tone", sort=False)
    means = grouped[["accuracy", "among_all"]].mean()
    return means.assign(sentences=grouped.size()).reset_index()[["tone", "sentences", "accuracy", "among_all"]]


def accuracy_table(world: World) -> pd.DataFrame:
    """`accuracy` on the examples, each held out, and on a world's tone sentences, which none of them is."""
    manner = [(text, tone) for tone, places in world.tones.items() for texts in places.values() for text in texts]
    known = classifier().probabilities([text for text, _ in manner])
    tested = {"examples, held out": accuracy(examples(), held_out()), "embedded world": accuracy(manner, known)}
    return pd.concat([table.assign(on=name) for name, table in tested.items()], ignore_index=True)
