"""The controller's weights in numbers: by token position and word class, their entropy, and which expert decides."""

import numpy as np
import pandas as pd

from mope.analysis.intervals import percentile_interval, ratios, resample_weights
from mope.judging.lexicons import HOSTILE, WARM
from mope.judging.text import FUNCTION_WORDS, TECHNICAL_LETTERS
from mope.preferences import members_of

BIN = 10  # token positions per row
ALPHA_SWAP_COLUMNS = "dimension before after answers weight_before weight_after change ci_low ci_high".split()
ALPHA_COLUMNS = "by value tokens entropy top_weight decides".split()


def token_classes(tokens: list[str]) -> list[str]:
    """Class of each token of one answer, by the word that it is part of.

    punctuation | function (grammar words) | tone (warm or hostile words) | technical (long words) | content (others).
    """
    words: list[list[int]] = []
    for place, token in enumerate(tokens):
        goes_on = place and token[:1].isalnum() and tokens[place - 1][-1:].isalnum()
        words[-1].append(place) if goes_on else words.append([place])
    classes = [""] * len(tokens)
    for places in words:
        kind = word_class("".join(tokens[place] for place in places).strip().lower())
        for place in places:
            classes[place] = kind
    return classes


def word_class(word: str) -> str:
    """Class of a lower-case word, one of those that `token_classes` names."""
    if not any(map(str.isalnum, word)):
        return "punctuation"
    if word in FUNCTION_WORDS:
        return "function"
    if word in WARM or word in HOSTILE:
        return "tone"
    return "technical" if len(word) >= TECHNICAL_LETTERS else "content"


def alpha_table(samples: pd.DataFrame, dimensions: dict[str, list[str]]) -> pd.DataFrame:
    """Means over tokens, and the mean α of every dimension, of all tokens and grouped in three ways (column `by`).

    `by` is all, position (`value`: the first of `BIN` positions), class or combination. `samples` is
    samples/alphas.parquet; `dimensions` maps a dimension to its poles. `entropy` is divided by the entropy of uniform
    weights; `top_weight` is the largest α; `decides` is the share of tokens for which the expert with the largest α
    supplies more than half of the token's probability.
    """
    active = samples[[p for poles in dimensions.values() for p in poles]].to_numpy()
    k = (active > 0).sum(axis=1).max()
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(active > 0, active * np.log(active), 0.0).sum(axis=1) / np.log(k)
    table = samples[["prompt_id", "combination", "position"]].assign(
        all="all",
        entropy=entropy,
        top_weight=active.max(axis=1),
        decides=samples["top_share"] > 0.5,
        **{name: samples[poles].sum(axis=1) for name, poles in dimensions.items()},
    )
    classes = samples.groupby(["prompt_id", "combination"], sort=False)["token"].transform(
        lambda t: token_classes(list(t))
    )
    table = table.assign(**{"class": classes, "position": BIN * (table["position"] // BIN)})
    parts = []
    for by in ("all", "position", "class", "combination"):
        grouped = table.groupby(by)
        means = grouped[["entropy", "top_weight", "decides", *dimensions]].mean()
        parts.append(means.assign(by=by, tokens=grouped.size()).rename_axis("value").reset_index())
    return pd.concat(parts, ignore_index=True)[[*ALPHA_COLUMNS, *dimensions]]


def swap_table(swaps: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """Mean effect on α of swapping one pole for the other, over prompts (columns `ALPHA_SWAP_COLUMNS`).

    `swaps` is samples/swaps.parquet. The interval is that of `change`, by bootstrap over prompts.
    """
    poles = [
        next((a, b) for a, b in zip(members_of(x), members_of(y), strict=True) if a != b)
        for x, y in zip(swaps.combination, swaps.swapped, strict=True)
    ]
    table = swaps.assign(before=[a for a, _ in poles], after=[b for _, b in poles])
    rows = []
    for key, group in table.groupby(["dimension", "before", "after"], sort=False):
        by_prompt = group.groupby("prompt_id")["change"].mean().to_numpy()[:, None]
        weights = resample_weights(len(by_prompt), resamples, seed)
        low, high = percentile_interval(ratios(weights, by_prompt, np.ones_like(by_prompt)), len(by_prompt))
        means = group[["weight_before", "weight_after", "change"]].mean()
        rows.append((*key, len(group), *means, low[0], high[0]))
    return pd.DataFrame(rows, columns=ALPHA_SWAP_COLUMNS)
