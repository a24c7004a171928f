"""What spoils an answer whatever is preferred: emptiness, repetition, a missing end, another subject."""

import numpy as np

from mope.texts.passages import passage_words

COMPLETE_ENDS = (".", "!", "?", ".)", '."', '!"', '?"', "```", ":)")
FEWEST_TRIGRAMS = 3  # words of an answer that says anything


def trigram_repetition(response: str) -> float:
    """Share of the word trigrams that stand in the text before."""
    tokens = passage_words(response)
    trigrams = list(zip(tokens, tokens[1:], tokens[2:]))
    return 1 - len(set(trigrams)) / len(trigrams) if trigrams else 0.0


def faults(response: str, relevance: float) -> float:
    """0 for a sound answer to about 2.5; `relevance` is its cosine with the prompt."""
    empty = len(passage_words(response)) < FEWEST_TRIGRAMS
    unfinished = not response.rstrip().endswith(COMPLETE_ENDS)
    strayed = np.interp(relevance, (0.05, 0.25), (1, 0))
    return float(empty + 0.15 * unfinished + np.interp(trigram_repetition(response), (0.05, 0.4), (0, 1)) + strayed)
