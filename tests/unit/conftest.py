"""The embedder that all tests share."""

import pytest

from mope.texts.embedding import PACKAGE, Embedder


@pytest.fixture(scope="session")
def embed() -> Embedder:
    pytest.importorskip(PACKAGE, reason="the sentence-embedding model is an optional package")
    return Embedder()
