"""The annotator of open text, who scores answers of any model to any prompt under one preference.

It stands in for GPT-4 in the feedback of Personalized Soups, where no such model can be asked (deviation from the
paper). What it likes is what can be measured: a readability grade, the number of words against what the prompt needs,
the sentiment of a lexicon; what it dislikes is in `soundness`. It is not the judge, which measures other things.
"""

from collections.abc import Callable, Sequence

import numpy as np

from mope.errors import MopeError
from mope.open_text.length import doublings
from mope.open_text.readability import CHILD, SCHOLAR, grade
from mope.open_text.sentiment import tone
from mope.open_text.soundness import faults
from mope.preferences import GENERAL, OPEN_TEXT
from mope.prompting import wording


def liking(prompt: str, response: str, preference: str) -> float:
    """How well an answer meets a preference, in [0, 1], without regard to its faults.

    `MopeError` for a preference that the annotator does not know.
    """
    match preference:
        case "P1A":
            return (SCHOLAR - grade(response)) / (SCHOLAR - CHILD)
        case "P1B":
            return (grade(response) - CHILD) / (SCHOLAR - CHILD)
        case "P2A":
            return 1 - doublings(prompt, response) / 4
        case "P2B":
            return doublings(prompt, response) / 4
        case "P3A":
            return (1 + tone(response)) / 2
        case "P3B":
            return (1 - tone(response)) / 2
        case _ if preference == GENERAL:
            # Preferred by people who are asked for nothing in particular: the answer says something, and is kind.
            return min(2.0, doublings(prompt, response)) / 4 + (1 + tone(response)) / 4
    raise MopeError(f"preference {preference!r}: the annotator of open text knows {', '.join((*OPEN_TEXT, GENERAL))}")


def annotator_scores(
    prompts: Sequence[str], responses: Sequence[str], preference: str, embed: Callable[[Sequence[str]], np.ndarray]
) -> np.ndarray:
    """Score of each answer to its prompt, float64 of shape (answers,): at most 1, lower by its faults.

    `embed` maps texts to unit vectors; the faults need the cosine of answer and prompt. Of a conversation the annotator
    reads the words of all turns.
    """
    prompts = [wording(prompt) for prompt in prompts]
    relevance = (embed(prompts) * embed(responses)).sum(axis=1)
    answers = zip(prompts, responses, relevance, strict=True)
    return np.array([liking(p, r, preference) - faults(r, cosine) for p, r, cosine in answers])
