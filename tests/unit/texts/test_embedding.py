"""Embeddings of texts."""

import numpy as np

from mope.texts import embedding


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
