"""Length of an answer against what its prompt needs."""

import re
from math import log2

from mope.texts.passages import passage_words

WORK = re.compile(
    r"\b(?:write|compose|draft|story|essay|poem|letter|email|article|recipe|code|script|speech|song)\b", re.I
)
ACCOUNT = re.compile(
    r"\b(?:how|explain|describe|compare|list|steps?|why|differences?|tips|ideas|plan|pros|discuss)\b", re.I
)
# Words that a question of fact, an explanation and a piece of writing take.
FACT, EXPLANATION, PIECE = 25, 50, 90


def need(prompt: str) -> int:
    """Words that a plain answer to the prompt takes."""
    if WORK.search(prompt):
        return PIECE
    return EXPLANATION if ACCOUNT.search(prompt) else FACT


def doublings(prompt: str, response: str) -> float:
    """log2(words / (needed / 2)), clipped to [0, 4]; `needed` are the words of a plain answer."""
    return min(4.0, max(0.0, log2(max(1, len(passage_words(response))) / (need(prompt) / 2))))
