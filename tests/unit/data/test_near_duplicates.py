"""Near duplicates, against a comparison of every pair."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mope.data.near_duplicates import jaccard, near_duplicates, shingles

WORDS = st.sampled_from("the a how do I bake bread toast roast beans boil clean pan? Pan! fix it".split())
TEXTS = st.lists(st.lists(WORDS, max_size=8).map(" ".join), max_size=12)


def compared_one_by_one(texts: list[str], threshold: float, size: int) -> list[tuple[int, int, float]]:
    """Every pair, with sets of substrings that are made without the library."""

    def substrings(text: str) -> set[str]:
        kept = " ".join("".join(sign if sign.isalnum() else " " for sign in text.casefold()).split())
        return {kept[start : start + size] for start in range(len(kept)) if start == 0 or start + size <= len(kept)}

    sets = [substrings(text) for text in texts]
    similarities = [
        (first, second, len(sets[first] & sets[second]) / len(sets[first] | sets[second]))
        for first, second in combinations(range(len(texts)), 2)
        if sets[first] | sets[second]
    ]
    return [pair for pair in similarities if pair[2] >= threshold]


@given(texts=TEXTS, threshold=st.floats(0.01, 1.0), size=st.integers(1, 7))
def test_the_index_finds_the_pairs_of_a_full_comparison(texts: list[str], threshold: float, size: int) -> None:
    assert near_duplicates(texts, threshold, size) == compared_one_by_one(texts, threshold, size)


@given(texts=st.lists(st.text(alphabet="abAB _.é", max_size=12), max_size=10))
def test_a_threshold_that_a_similarity_meets_exactly_finds_the_pair(texts: list[str]) -> None:
    for first, second, similarity in compared_one_by_one([text.replace("_", " ") for text in texts], 1e-9, 2):
        assert (first, second, similarity) in near_duplicates(texts, similarity, 2)


def test_similarity_by_hand() -> None:
    assert shingles("A cat, a CAT!", 3) == {"a c", " ca", "cat", "at ", "t a", " a "}
    assert shingles("hi", 3) == {"hi"}
    # abcd: abc, bcd; bcde: bcd, cde; one of three is shared
    assert near_duplicates(["abcd", "bcde", "xyz"], 1 / 3, 3) == [(0, 1, 1 / 3)]
    assert near_duplicates(["abcd", "bcde", "xyz"], 0.34, 3) == []
    assert jaccard(frozenset(), frozenset()) == 0


def test_case_and_punctuation_are_passed_over() -> None:
    assert near_duplicates(["How do I boil an egg?", "how do i boil an egg"], 1.0) == [(0, 1, 1.0)]


def test_texts_without_letters_are_like_nothing() -> None:
    assert near_duplicates(["?!", "", "..."], 0.01) == []


@pytest.mark.parametrize(("threshold", "size"), [(0.0, 5), (1.1, 5), (0.5, 0)])
def test_bad_arguments_are_refused(threshold: float, size: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        near_duplicates(["one", "two"], threshold, size)
