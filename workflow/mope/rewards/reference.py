"""Reference answers y_ref of the Bradley-Terry reward (paper eq. 2)."""

from pathlib import Path

import pandas as pd
from transformers import AutoTokenizer

from mope.data.tables import derive_seed
from mope.decoding.loop import decode
from mope.decoding.mixers.probability import Probability
from mope.decoding.request import Request
from mope.decoding.sampling import Sampling
from mope.decoding.turn_ends import turn_ends
from mope.pools.adapters import BASE
from mope.pools.open_pool import open_pool
from mope.preferences import Preferences
from mope.prompting import encode


def reference_answers(
    base: Path,
    prompts: pd.DataFrame,
    temperature: float,
    max_new_tokens: int,
    seed: int,
    preferences: Preferences | None = None,
    precision: str = "float32",
) -> pd.DataFrame:
    """The base model's answer to each plain prompt: columns prompt_id, prompt and response.

    The paper does not say what y_ref is; this is our choice. With `preferences`, there is instead one answer for each
    prompt and combination, to the prompt with the texts of the combination (further column combination). `prompts` has
    the columns prompt_id and prompt.
    """
    tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
    asked = prompts[["prompt_id", "prompt"]]
    if preferences is not None:
        asked = asked.merge(pd.DataFrame({"combination": preferences.combinations()}), how="cross")
    requests = [
        Request(
            [0],
            [encode(tokenizer, prompt, preferences.statements(*xi) if xi else [])],
            max_new_tokens=max_new_tokens,
            seed=derive_seed(seed, "reference", prompt_id, *xi),
        )
        for prompt_id, prompt, *xi in asked.itertuples(index=False)
    ]
    pool, sampling = open_pool(base, {"base": BASE}, precision), Sampling(temperature=temperature)
    answers = decode(pool, Probability(), requests, sampling, turn_ends(base, tokenizer))
    texts = tokenizer.batch_decode([answer.tokens for answer in answers], skip_special_tokens=True)
    return asked.assign(response=texts)
