"""Content, fluency and diversity of every method's answers, preferences aside: winning on style may cost content."""

import numpy as np
import pandas as pd

from mope.analysis.intervals import percentile_interval, ratios, resample_weights
from mope.judging.fluency import repetition
from mope.judging.knowledge import asked_topics
from mope.judging.rubric import features
from mope.judging.text import words
from mope.prompting import wording
from mope.world.worlds import World

MEANS = ["facts", "covered", "degenerate", "blemish", "repetition", "finished", "n_tokens"]
QUALITY_COLUMNS = (
    "set method seeds stated stated_low stated_high facts covered degenerate blemish "
    "repetition finished distinct_bigrams distinct_answers n_tokens"
).split()


def measured(world: World, responses: pd.DataFrame) -> pd.DataFrame:
    """The responses with the measures of each: `stated` (1 if it states a fact about a topic asked about) and `MEANS`.

    `stated`, `facts` and `covered` are NaN for prompts about no topic of the world.
    """
    rows = []
    for prompt, response, reason in zip(responses.prompt, responses.response, responses.finish_reason, strict=True):
        asked = wording(prompt)
        f, known = features(world, asked, response), bool(asked_topics(world, asked))
        content = (float(f.facts > 0), f.facts, f.covered) if known else (np.nan, np.nan, np.nan)
        rows.append((*content, f.degenerate, f.blemish, repetition(words(response)), float(reason == "stop")))
    names = ["stated", "facts", "covered", "degenerate", "blemish", "repetition", "finished"]
    table = pd.DataFrame(rows, columns=names, index=responses.index)
    return responses.drop(columns=["finish_reason"]).join(table)


def distinct_bigrams(answers: pd.Series) -> float:
    """Share of different bigrams among all bigrams of words in the answers (distinct-2, Li et al. 2016)."""
    pairs = [pair for text in answers for pair in zip(words(text), words(text)[1:], strict=False)]
    return len(set(pairs)) / max(1, len(pairs))


def quality(world: World, responses: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """One row per set and method (columns `QUALITY_COLUMNS`).

    `responses` has the columns set, method, prompt_id, prompt, response, finish_reason, seed and n_tokens.
    `stated` is the share of answers that state a fact about a topic asked about, with its interval by bootstrap over
    prompts. It is a coarse measure of capability: it saturates at 1 for methods that know their topics, whatever else
    they say; `mope.analysis.correctness` counts sound answers. `distinct_answers` is the share of different answers
    among those to one prompt: 1 if each combination has its own.
    """
    parts = []
    for name, own in responses.groupby("set", sort=False):
        table, methods = measured(world, own), list(dict.fromkeys(own.method))
        prompts = sorted(set(table.prompt_id))
        sums = table.groupby(["prompt_id", "method"]).stated.agg(["sum", "count"]).unstack("method")
        got, of = (sums[part].reindex(index=prompts, columns=methods).to_numpy(float) for part in ("sum", "count"))
        weights = resample_weights(len(prompts), resamples, seed)
        resampled = ratios(weights, got, of)
        low, high = percentile_interval(resampled, len(prompts))
        with np.errstate(invalid="ignore"):
            stated = got.sum(0) / of.sum(0)
        grouped = table.groupby("method", sort=False)
        made = grouped[MEANS].mean().reindex(methods)
        made = made.assign(set=name, seeds=grouped.seed.nunique(), stated=stated, stated_low=low, stated_high=high)
        by_seed = table.groupby(["method", "seed"], sort=False)
        made["distinct_bigrams"] = by_seed.response.agg(distinct_bigrams).groupby(level="method").mean()
        answers = table.groupby(["method", "seed", "prompt_id"], sort=False).response
        made["distinct_answers"] = (answers.nunique() / answers.size()).groupby(level="method").mean()
        parts.append(made.reset_index().reindex(columns=QUALITY_COLUMNS))
    return pd.concat(parts, ignore_index=True)
