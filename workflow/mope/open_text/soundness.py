"""What spoils an answer whatever is preferred: emptiness, repetition, a missing end, another subject."""

import numpy as np

from mope.texts.passages import passage_words

COMPLETE_ENDS = (".", "!", "?", ".)", '."', '!"', '?"', "```", ":)")
FEWEST_TRIGRAMS = 3  # words: a shorter answer counts as empty, and has no trigram


def trigram_repetition(response: str) -> float:
    """Share of the word trigrams that occur earlier in the text."""
    tokens = passage_words(response)
    trigrams = list(zip(tokens, tokens[1:], tokens[2:]))
    return 1 - len(set(trigrams)) / len(trigrams) if trigrams else 0.0


def faults(response: str, relevance: float) -> float:
    """Sum of the answer's defects: 0 where it is sound; `relevance` is its cosine with the prompt.

    An empty answer costs 1, a missing end 0.15, repetition up to 1, another subject than the prompt's up to 1.
    """
    empty = len(passage_words(response)) < FEWEST_TRIGRAMS
    unfinished = not response.rstrip().endswith(COMPLETE_ENDS)
    strayed = np.interp(relevance, (0.05, 0.25), (1, 0))
    return float(empty + 0.15 * unfinished + np.interp(trigram_repetition(response), (0.05, 0.4), (0, 1)) + strayed)
