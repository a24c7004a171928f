"""Texts that nearly repeat one another, by the Jaccard similarity of their character shingles (Broder, 1997).

S(t) is the set of all runs of `size` neighbouring characters of the normalised text t, and

    J(a, b) = |S(a) ∩ S(b)| / |S(a) ∪ S(b)|.

An inverted index finds the pairs. It holds the rarest shingles of each text alone (prefix filter: Chaudhuri et al.,
2006; Bayardo et al., 2007). Where J(a, b) ≥ θ, the two sets share at least θ|S(a)| shingles and at least θ|S(b)|, so
the |S(a)| − θ|S(a)| + 1 rarest shingles of a and the |S(b)| − θ|S(b)| + 1 rarest of b have one in common.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence


def near_duplicates(texts: Sequence[str], threshold: float, size: int = 5) -> list[tuple[int, int, float]]:
    """(i, j, J) of all pairs i < j of texts with J ≥ `threshold`, in the order of their places.

    `threshold` is above 0 and at most 1, `size` is the length of a shingle in characters; else `ValueError`.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold is {threshold}; a number above 0 and at most 1 is expected")
    if size < 1:
        raise ValueError(f"size is {size}; a positive number of characters is expected")
    sets = [shingles(text, size) for text in texts]
    frequency = Counter(shingle for found in sets for shingle in found)
    index: defaultdict[str, list[int]] = defaultdict(list)
    pairs = []
    for second, found in enumerate(sets):
        rarest = sorted(found, key=lambda shingle: (frequency[shingle], shingle))
        prefix = rarest[: len(found) - int(threshold * len(found)) + 1]
        for first in {place for shingle in prefix for place in index[shingle]}:
            similarity = jaccard(sets[first], found)
            if similarity >= threshold:
                pairs.append((first, second, similarity))
        for shingle in prefix:
            index[shingle].append(second)
    return sorted(pairs)


def shingles(text: str, size: int) -> frozenset[str]:
    """All runs of `size` characters of the text, in lower case and with one space for all between letters and digits.

    A text of fewer characters is one shingle. A text without a letter or digit has none, and is like no other.
    """
    normalised = re.sub(r"[\W_]+", " ", text.casefold()).strip()
    places = range(max(len(normalised) - size, 0) + 1)
    return frozenset(normalised[place : place + size] for place in places) - {""}


def jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    """|first ∩ second| / |first ∪ second|; 0 where both are empty."""
    shared = len(first & second)
    return shared / max(len(first) + len(second) - shared, 1)
