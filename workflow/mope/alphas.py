"""The controller's weights token by token: what the figures of α are drawn from."""

import pandas as pd

from mope.decoding.controller_input import LlamaController
from mope.decoding.loop import decode
from mope.decoding.mixers import Probability
from mope.decoding.requests import mixture_request
from mope.decoding.sampling import Sampling
from mope.generation import Generator, load_controller


def sample_alphas(generator: Generator, method: dict, prompts: pd.DataFrame) -> pd.DataFrame:
    """Answers of the first controller to `prompts` (prompt_id, prompt) under every combination, one row per token.

    Columns: prompt_id, prompt, combination, position (from 0), token (text), and α in [0, 1] of each preference's
    expert, 0 where it is not part of the combination (paper eq. 1).
    """
    settings, tokenizer = generator.settings, generator.tokenizer
    pool = generator.pool(dict(generator.models.experts))
    module = load_controller(next(iter(generator.models.controllers.values())), pool.names).to(pool.device)
    asked = [(row, xi) for row in prompts.itertuples() for xi in generator.preferences.combinations()]
    requests = [
        mixture_request(
            tokenizer,
            generator.preferences,
            row.prompt,
            xi,
            method["prompt"],
            pool.names,
            settings.max_new_tokens,
            generator.seed(row.prompt, xi),
            min_new_tokens=settings.min_new_tokens,
        )
        for row, xi in asked
    ]
    sampling = Sampling(
        temperature=settings.temperature,
        top_p=settings.top_p,
        top_k=settings.top_k,
        no_repeat_ngram=settings.no_repeat_ngram,
    )
    end, controller = tokenizer.eos_token_id, LlamaController(module.model, module.head)
    answers = decode(pool, Probability(), requests, sampling, end, tokenizer.pad_token_id, controller=controller)
    rows = [
        (row.prompt_id, row.prompt, xi, position, tokenizer.decode([token]), *answer.alphas[position].tolist())
        for (row, xi), answer in zip(asked, answers, strict=True)
        for position, token in enumerate(answer.tokens)
        if token != end
    ]
    return pd.DataFrame(rows, columns=["prompt_id", "prompt", "combination", "position", "token", *pool.names])
