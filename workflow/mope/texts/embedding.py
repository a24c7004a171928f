"""Sentence embeddings by all-MiniLM-L6-v2; its weights come with a Python package, so no network is needed."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from mope.runtime.progress import progress
from mope.texts.embedding_package import embedding_model

BATCH = 64  # texts at a time
LONGEST_EMBEDDED = 256  # word pieces; longer texts are cut there, as in the model's training
SIZE = 384
VECTOR_DIGITS = 5  # decimals of an embedding, which varies by 1e-7 with the texts of its batch


@cache
def _encoder():
    """(tokenizer, model) in float32, loaded once per process (0.1 GB)."""
    from transformers import AutoModel, AutoTokenizer

    folder = embedding_model()
    model = AutoModel.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    return AutoTokenizer.from_pretrained(folder, trust_remote_code=False), model.eval()


def _vectors(texts: list[str]) -> np.ndarray:
    """Means of the last hidden states over the tokens of each text, of length 1: (texts, SIZE) float32."""
    import torch

    tokenizer, model = _encoder()
    inputs = tokenizer(texts, padding=True, truncation=True, max_length=LONGEST_EMBEDDED, return_tensors="pt")
    with torch.inference_mode():
        states, mask = model(**inputs).last_hidden_state, inputs["attention_mask"].unsqueeze(-1)
        return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1)).numpy()


class Embedder:
    """Embeds texts, each once: vectors are kept for as long as the object lives."""

    def __init__(self) -> None:
        self._known: dict[str, np.ndarray] = {}

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors of the texts, float32 of shape (texts, 384); only the first 256 word pieces of a text count.

        `MopeError` where the package of the model is not installed.
        """
        new = sorted({text for text in texts if text not in self._known}, key=lambda text: (len(text), text))
        with progress(len(new), "embeddings") as bar:
            for begin in range(0, len(new), BATCH):
                batch = new[begin : begin + BATCH]
                self._known.update(zip(batch, _vectors(batch).round(VECTOR_DIGITS), strict=True))
                bar.update(len(batch))
        return np.stack([self._known[text] for text in texts]) if texts else np.empty((0, SIZE), np.float32)
