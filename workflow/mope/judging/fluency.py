"""Whether a text is language at all: complete, not repetitive, made of words in a possible order."""

import re
from itertools import pairwise

from mope.judging.text import FUNCTION_WORDS, sentences, words

ENDINGS = (".", "!", "?", '."', '!"', '?"', ".)", "!)", "?)", ".'", "```", "\u2026")
LIST_ITEM = re.compile(r"^\s*(?:[-*\u2022]|\d+[.)])\s+\S+")
DETERMINERS = frozenset("a an the my your our their its his".split())
NEVER_AFTER_DETERMINER = DETERMINERS | frozenset(
    "is are am was were be of in on at to from with by and or but which who has have had into than".split()
)
PREPOSITIONS = frozenset("of at from with by into onto upon toward towards between among".split())
NEVER_AFTER_PREPOSITION = frozenset("is are am was were of be has have had and or but into onto upon by".split())
DANGLING = DETERMINERS | frozenset("and or but because than".split())
GIBBERISH = re.compile(r"(.)\1{3,}|^[bcdfghjklmnpqrstvwxz]{5,}$|^[a-z0-9'-]{30,}$")
MAY_DOUBLE = frozenset("that had very so no bye ha haha far really many never again long".split())


def ramp(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high`, linear between."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


def unfinished(response: str) -> bool:
    """Whether the text breaks off: its last line neither ends a sentence nor is a complete-looking list item."""
    text = response.rstrip()
    if text.endswith(ENDINGS):
        return False
    last = text.rsplit("\n", 1)[-1]
    return not (LIST_ITEM.match(last) and "\n" in text)


def repetition(tokens: list[str]) -> float:
    """Share of the word trigrams that occur earlier in the text."""
    trigrams = list(zip(tokens, tokens[1:], tokens[2:], strict=False))
    return 1 - len(set(trigrams)) / len(trigrams) if trigrams else 0.0


def repeated_sentences(response: str) -> int:
    """How many sentences are word-for-word repeats of earlier ones."""
    said = [tuple(words(sentence)) for sentence in sentences(response)]
    return len(said) - len(set(said))


def noise(response: str, tokens: list[str]) -> float:
    """Share of the text that is no English: symbols among the characters, or unpronounceable words among the words."""
    visible = [c for c in response if not c.isspace()]
    symbols = sum(not c.isalnum() for c in visible) / max(1, len(visible))
    # `words` leaves out the letters of other scripts, so a text in one of them counts as noise.
    letters = sum(map(len, tokens)) / max(1, sum(c.isalnum() for c in visible))
    gibberish = sum(bool(GIBBERISH.search(word)) for word in tokens) / max(1, len(tokens))
    return max(ramp(symbols, 0.15, 0.5), 1 - min(1.0, letters), gibberish)


def breaks(response: str) -> int:
    """Number of impossible places: "the is", "of is", a doubled word, or a sentence that ends on "the" or "and"."""
    count = 0
    for sentence in sentences(response):
        tokens = words(sentence)
        for left, right in pairwise(tokens):
            count += left in DETERMINERS and right in NEVER_AFTER_DETERMINER
            count += left in PREPOSITIONS and right in NEVER_AFTER_PREPOSITION
            count += left == right and left not in MAY_DOUBLE
        count += bool(tokens) and tokens[-1] in DANGLING
    return count


def monotony(tokens: list[str]) -> float:
    """1 for a longer text without any function word (a list of words is no sentence), else 0."""
    return float(len(tokens) >= 12 and not any(word in FUNCTION_WORDS for word in tokens))
