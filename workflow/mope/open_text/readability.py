"""Difficulty of a text as school years, by the two character-based readability grades."""

import textstat

from mope.texts.passages import passage_words, split_sentences

CHILD, SCHOLAR = 3.0, 17.0  # school years at the ends of the annotator's scale


def grade(response: str) -> float:
    """School years that a reader needs: mean of Coleman-Liau and ARI, within [CHILD, SCHOLAR]; the middle if wordless.

    Every line counts as a sentence, so that a list is no single long one.
    """
    text = " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in split_sentences(response))
    if not passage_words(text):
        return (CHILD + SCHOLAR) / 2
    years = (textstat.coleman_liau_index(text) + textstat.automated_readability_index(text)) / 2
    return min(SCHOLAR, max(CHILD, years))
