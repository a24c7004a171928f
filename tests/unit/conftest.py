"""The embedder that all tests share."""

import pytest

from mope.texts.embedding import Embedder
from mope.texts.embedding_package import EMBEDDING_PACKAGE


@pytest.fixture(scope="session")
def embed() -> Embedder:
    pytest.importorskip(EMBEDDING_PACKAGE, reason="the sentence-embedding model is an optional package")
    return Embedder()
