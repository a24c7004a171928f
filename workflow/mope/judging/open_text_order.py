"""Whether words stand in an order that English has: a bigram model of sentence skeletons.

A skeleton keeps the commonest words and punctuation marks; of any other word only an ending stays. So a few hundred
sentences are enough to tell sentences from shuffled words.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from math import log

from wordfreq import top_n_list

from mope.judging.fluency import breaks
from mope.judging.open_text_tone import open_text_examples
from mope.texts.passages import passage_words

TOKEN = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|\d+|[,;:]")
KEPT = 40  # commonest words, each a symbol of its own
WORD_ENDINGS = ("ing", "ed", "ly", "tion", "s", "er", "al", "ous", "y", "e")
OPEN = "+"  # begins the symbol of any other word; pairs of two such symbols are not scored
WEIGHT = 3.0  # pseudo-counts that smooth a pair of symbols by the frequency of its second symbol
FEWEST_WORDS = 6  # words; shorter sentences are not scored
SHRINKAGE = 20  # pairs of score 0 that are added to every text, so that the few pairs of a short one decide little
STRETCH = 20  # words to which the number of impossible places is related
LONG = 15  # words; a line without a full stop is scored from here on, since shorter ones may be headings or list items


@cache
def _kept() -> frozenset[str]:
    return frozenset(top_n_list("en", KEPT))


def skeleton(sentence: str) -> list[str]:
    """Symbols of a sentence, with marks of its two ends."""
    symbols = []
    for token in TOKEN.findall(sentence.lower().replace("\u2019", "'")):
        if token.isdigit():
            symbols.append("#")
        elif token in _kept() or not token[0].isalpha():
            symbols.append(token)
        else:
            symbols.append(OPEN + next((ending for ending in WORD_ENDINGS if token.endswith(ending)), ""))
    return ["<", *symbols, ">"]


@cache
def _counts() -> tuple[Counter, Counter, Counter]:
    """(symbols, symbols that another follows, pairs) of the example sentences."""
    skeletons = [skeleton(sentence) for sentence in open_text_examples()[0]]
    single = Counter(symbol for symbols in skeletons for symbol in symbols[1:])
    before = Counter(symbol for symbols in skeletons for symbol in symbols[:-1])
    return single, before, Counter(pair for symbols in skeletons for pair in pairwise(symbols))


def order(sentence: str) -> tuple[float, int]:
    """(sum of log p(y | x) / p(y) over neighbours x, y; their number); the sum is below 0 where words are shuffled."""
    single, before, pairs = _counts()
    total, known = single.total(), len(single) + 1
    neighbours = [(x, y) for x, y in pairwise(skeleton(sentence)) if not x[0] == y[0] == OPEN]
    ratios = []
    for x, y in neighbours:
        alone = (single[y] + 1) / (total + known)
        ratios.append(log((pairs[x, y] + WEIGHT * alone) / (before[x] + WEIGHT) / alone))
    return sum(ratios), len(neighbours)


def disorder(sentences: Sequence[str]) -> float:
    """How far the order of words is from English: below 0.15 for nearly all real text, above 0.4 for most shuffled.

    The sum of two terms over the sentences that are long enough to tell. The first is the mean of -`order` over all
    pairs, drawn towards 0 where these are few. The second is half the number of impossible places (`breaks`) per twenty
    words, at most one half. 0 where no sentence is long enough.
    """
    scored = [
        s
        for s in sentences
        if len(passage_words(s)) >= (FEWEST_WORDS if s.rstrip("\"')*").endswith((".", "!", "?")) else LONG)
    ]
    if not scored:
        return 0.0
    sums, counts = zip(*map(order, scored), strict=True)
    impossible = sum(map(breaks, scored)) * STRETCH / max(STRETCH, sum(len(passage_words(s)) for s in scored))
    return -sum(sums) / (sum(counts) + SHRINKAGE) + min(1.0, impossible) / 2
