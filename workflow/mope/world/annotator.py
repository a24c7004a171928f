"""The embedded world's annotator, who compares two answers under one preference.

The annotator plays the part of GPT-4 in Personalized Soups' feedback. It is not the judge: it looks at coarser things
(letters per word, words per answer, a short list of tone words) and errs with a stated probability.
"""

import random
import re

FRIENDLY = frozenset(
    "hey hi hello friend buddy pal dear love lovely happy fun great awesome wonderful amazing enjoy smile smiling thanks "
    "thank hope cool yay aww hugs welcome nice luck clever".split()
)
UNFRIENDLY = frozenset(
    "ugh stupid hate wasting waste boring nonsense lazy ignorant bothering annoying clueless fool dumb silly leave alone "
    "away garbage doubt terrible awful useless sick lost pathetic stop".split()
)
ASKING = frozenset(
    "what tell about explain please could would should know want learn more give answer question have describe "
    "difference between compare they that this".split()
)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def sanity(prompt: str, response: str) -> float:
    """0 for a sound answer; negative for repetition, missing sentence end, emptiness, or nothing about the prompt."""
    words = _words(response)
    if len(words) < 4:
        return -4.0
    trigrams = list(zip(words, words[1:], words[2:]))
    repeated = 1 - len(set(trigrams)) / max(1, len(trigrams))
    asked = {w for w in _words(prompt) if len(w) > 3 and w not in ASKING}
    off_topic = not any(w.startswith(a[:5]) for a in asked for w in words)
    unfinished = response.rstrip()[-1:] not in ".!?"
    return -6.0 * repeated - 2.0 * off_topic - 2.0 * unfinished


def score(prompt: str, response: str, preference: str) -> float:
    """How well `response` meets `preference` in the annotator's eyes (about one unit per noticeable difference)."""
    words = _words(response)
    plain = [w for w in words if w not in FRIENDLY and w not in UNFRIENDLY]
    letters = sum(map(len, plain)) / max(1, len(plain))
    friendly = min(4, sum(w in FRIENDLY for w in words))
    unfriendly = min(4, sum(w in UNFRIENDLY for w in words))
    liking = {
        "P1A": -1.2 * letters,
        "P1B": 1.2 * letters,
        "P2A": -len(words) / 8,
        "P2B": min(len(words), 60) / 8,
        "P3A": friendly - unfriendly,
        "P3B": unfriendly - friendly,
    }
    return liking[preference] + sanity(prompt, response)


def prefers_first(
    prompt: str, first: str, second: str, preference: str, noise: float, margin: float, rng: random.Random
) -> bool | None:
    """The annotator's choice, wrong with probability `noise`; `None` when the answers differ by less than `margin`."""
    gap = score(prompt, first, preference) - score(prompt, second, preference)
    if abs(gap) < margin:
        return None
    return (gap > 0) != (rng.random() < noise)
