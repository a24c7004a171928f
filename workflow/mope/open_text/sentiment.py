"""Tone of a text by VADER, a sentiment lexicon with rules (Hutto and Gilbert, 2014)."""

from functools import cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from mope.texts.passages import split_sentences


@cache
def _sentiment() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


def tone(response: str) -> float:
    """Mean sentiment of the sentences, from -1 (hostile) to 1 (warm); 0 for a text without sentences."""
    values = [_sentiment().polarity_scores(sentence)["compound"] for sentence in split_sentences(response)]
    return sum(values) / len(values) if values else 0.0
