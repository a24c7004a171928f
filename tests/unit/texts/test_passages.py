"""Sentences and words of chat answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mope.texts.passages import lines, passage_words, split_sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        (
            "It costs 3.5 dollars, e.g. Monday to Friday. Dr. Who came.",
            ["It costs 3.5 dollars, e.g. Monday to Friday.", "Dr. Who came."],
        ),
        ("1. **Boil** water\n2. Add the egg. Wait.", ["Boil water", "Add the egg.", "Wait."]),
        ("# Title\n\n- first\n* second\n> third", ["Title", "first", "second", "third"]),
        ("Run this:\n```python\nprint(1)\n```\nDone.", ["Run this:", "Done."]),
        ("Run this:\n```python\nprint(1)", ["Run this:"]),
        ('He said "Go." Then he left.', ['He said "Go."', "Then he left."]),
        ("...\n---\n", []),
        ("", []),
    ],
)
def test_sentences(text, expected):
    assert split_sentences(text) == expected


def test_words_are_lower_case_without_numbers():
    assert passage_words("Don\u2019t buy 3 well-known *Caf\u00e9s*, please.") == [
        "don't",
        "buy",
        "well-known",
        "caf\u00e9s",
        "please",
    ]
    assert lines("snake_case stays, _this_ and **that** do not") == ["snake_case stays, this and that do not"]


@given(st.text(max_size=200))
def test_any_text_has_sentences_made_of_its_own_words(text):
    assert all(passage_words(sentence) for sentence in split_sentences(text))
    assert len([w for s in split_sentences(text) for w in passage_words(s)]) <= len(passage_words(text)) + text.count(
        "_"
    ) + text.count("*")
