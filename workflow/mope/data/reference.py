"""Reference answers y_ref of the Bradley-Terry reward (paper eq. 2)."""

from pathlib import Path

import pandas as pd
from transformers import AutoTokenizer

from mope.data.tables import derive_seed
from mope.decoding.adapters import BASE, AdapterPool
from mope.decoding.loop import decode
from mope.decoding.mixers import Probability
from mope.decoding.request import Request
from mope.decoding.sampling import Sampling
from mope.prompting import encode


def reference_answers(
    base: Path, prompts: pd.DataFrame, temperature: float, max_new_tokens: int, seed: int
) -> pd.DataFrame:
    """One answer of the base to each plain prompt, generated once and stored [gap: what y_ref is]."""
    tokenizer = AutoTokenizer.from_pretrained(base)
    requests = [
        Request(
            [0],
            [encode(tokenizer, row.prompt)],
            max_new_tokens=max_new_tokens,
            seed=derive_seed(seed, "reference", row.prompt_id),
        )
        for row in prompts.itertuples()
    ]
    pool, sampling = AdapterPool(base, {"base": BASE}), Sampling(temperature=temperature)
    answers = decode(pool, Probability(), requests, sampling, tokenizer.eos_token_id, tokenizer.pad_token_id)
    texts = tokenizer.batch_decode([answer.tokens for answer in answers], skip_special_tokens=True)
    return prompts[["prompt_id", "prompt"]].assign(response=texts)
