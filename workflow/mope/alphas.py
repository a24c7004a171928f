"""The controller's weights token by token: what the figures of α are drawn from."""

import pandas as pd

from mope.decoding.mixers import Probability
from mope.generation import Generator, load_controller


def sample_alphas(generator: Generator, method: dict, prompts: pd.DataFrame) -> pd.DataFrame:
    """Answers of the first controller to `prompts` (prompt_id, prompt) under every combination, one row per token.

    Columns: prompt_id, prompt, combination, position (from 0), token (text), and α in [0, 1] of each preference's
    expert, 0 where it is not part of the combination (paper eq. 1).
    """
    pool = generator.pool(generator.models.experts)
    controller = load_controller(generator.models.controllers[min(generator.models.controllers)], pool)
    asked = [(row, xi) for row in prompts.itertuples() for xi in generator.preferences.combinations()]
    requests = [generator.mixture_request(pool, method, row.prompt, xi) for row, xi in asked]
    answers = generator.answers(pool, Probability(), requests, controller)
    end = generator.tokenizer.eos_token_id
    rows = [
        (row.prompt_id, row.prompt, xi, position, generator.tokenizer.decode([token]), *alpha)
        for (row, xi), answer in zip(asked, answers, strict=True)
        for position, (token, alpha) in enumerate(zip(answer.tokens, answer.alphas.tolist(), strict=True))
        if token != end
    ]
    return pd.DataFrame(rows, columns=["prompt_id", "prompt", "combination", "position", "token", *pool.names])
