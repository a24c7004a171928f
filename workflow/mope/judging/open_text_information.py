"""What an answer says, statement by statement, by sentence embeddings: how much of it is new, and on the subject."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mope.texts.passages import passage_words

JOINT = re.compile(r";\s+|:\s+|\s+[\u2013\u2014-]\s+|,\s+(?=(?:and|but|so|which|because|while|whereas)\b)")
FEWEST_STATEMENTS = 4  # words of a statement; a shorter piece belongs to its neighbour
SAME, OTHER = 0.85, 0.45  # cosine from which a statement repeats an earlier one, and below which it is wholly new
SAID_AGAIN = 0.95  # cosine from which a statement counts as the same sentence
ASIDE, SUBJECT = 0.05, 0.30  # cosine with the prompt: off-topic up to the first, on the subject from the second


@dataclass(frozen=True)
class Content:
    """Statements of one answer as numbers."""

    count: int
    news: float  # statements that say something new on the subject, each by how new it is and how close to the subject
    repeated: float  # share of the statements that are said again
    closeness: float  # cosine with the prompt minus the mean with unrelated sentences, in their standard deviations
    directness: float  # cosine of the first statement with the prompt


def statements(sentences: Sequence[str]) -> list[str]:
    """The sentences, cut where an independent part begins."""
    found = []
    for sentence in sentences:
        pieces: list[str] = []
        for piece in JOINT.split(sentence):
            if pieces and (
                len(passage_words(piece)) < FEWEST_STATEMENTS or len(passage_words(pieces[-1])) < FEWEST_STATEMENTS
            ):
                pieces[-1] += f" {piece}"
            else:
                pieces.append(piece)
        found += pieces
    return found


def content(prompt: np.ndarray, said: np.ndarray, unrelated: np.ndarray) -> Content:
    """Content of an answer from unit vectors: of the prompt, shape (d,), and of at least one statement, shape (n, d).

    `closeness` compares the prompt with `unrelated` sentences, unit vectors of shape (m, d): an answer that never names
    its subject ("Mostly because they feel well") may still be nearer to its prompt than to these.
    """
    close = said @ prompt
    whole = said.mean(axis=0) / np.linalg.norm(said.mean(axis=0))
    others = unrelated @ whole
    earlier = np.tril(said @ said.T, k=-1)
    nearest = earlier.max(axis=1, initial=0.0)
    new = np.interp(nearest, (OTHER, SAME), (1, 0))
    about = np.interp(close, (ASIDE, SUBJECT), (0, 1))
    return Content(
        count=len(said),
        news=float(new @ about),
        repeated=float((nearest >= SAID_AGAIN).mean()),
        closeness=float((whole @ prompt - others.mean()) / others.std()),
        directness=float(close[0]),
    )
