"""How difficult an answer is to read: rare words by a frequency list, and nested clauses.

Frequencies are of the package wordfreq, on the Zipf scale: the base-10 logarithm of occurrences per billion words.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from wordfreq import zipf_frequency

from mope.texts.passages import passage_words

GRAMMATICAL = 6.0  # Zipf value from which a word is grammar rather than matter: "the", "and", "can"
FAMILIAR, RARE = 5.4, 3.2  # Zipf values of words typical of texts for children and of scholarly texts
UNKNOWN = 1.5  # Zipf value below which a word is taken for a name or a typing error, and ignored
LINKS = frozenset(
    "which whose whom whereas although though whereby thereby wherein unless since while hence thus therefore "
    "consequently furthermore moreover nevertheless however because".split()
)
DENSE = 3.0  # linking words and marks within a sentence that count as fully nested


@lru_cache(maxsize=100_000)
def zipf(word: str) -> float:
    """Zipf frequency of an English word, 0 where it is unknown."""
    return zipf_frequency(word, "en")


def rarity(tokens: Sequence[str], given: frozenset[str]) -> float:
    """Rarity of the different content words, in [0, 1]: mean of the rarer half, without the words of the prompt."""
    values = sorted(zipf(word) for word in set(tokens) - given)
    values = [value for value in values if UNKNOWN <= value < GRAMMATICAL]
    if not values:
        return 0.0
    rarer = values[: (len(values) + 1) // 2]
    return float(np.interp(rarer, (RARE, FAMILIAR), (1, 0)).mean())


def nesting(sentences: Sequence[str]) -> float:
    """Linking words, commas, semicolons and brackets per sentence, in [0, 1]."""
    counts = [
        sum(map(sentence.count, ",;(")) + len(LINKS.intersection(passage_words(sentence))) for sentence in sentences
    ]
    return float(np.mean([min(1.0, count / DENSE) for count in counts])) if counts else 0.0


def difficulty(prompt: str, sentences: Sequence[str]) -> float:
    """Difficulty of the sentences of an answer for a reader who knows the prompt, in [0, 1]."""
    tokens = [word for sentence in sentences for word in passage_words(sentence)]
    return 0.8 * rarity(tokens, frozenset(passage_words(prompt))) + 0.2 * nesting(sentences)


def unknown_share(sentences: Sequence[str]) -> float:
    """Share of the words, capitalised ones left out, that are no English."""
    written = [word for sentence in sentences for word in sentence.split() if word[:1].islower()]
    tokens = [token for word in written for token in passage_words(word)]
    return sum(zipf(token) == 0 for token in tokens) / max(1, len(tokens))
