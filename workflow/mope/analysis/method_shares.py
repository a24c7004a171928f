"""Shares of answers, by method and requested preference, with intervals over prompts and seeds."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from mope.analysis.intervals import crossed_ratios, percentile_interval, resample_weights, seed_weights
from mope.preferences import members_of

ENDS = ("", "_low", "_high")


def method_shares(
    responses: pd.DataFrame,
    counted: np.ndarray,
    measures: Sequence[str],
    plain: str,
    differences: Mapping[str, str],
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """One row per set, method and requested preference, and one for "all" preferences.

    `responses` has the columns set, method, prompt_id, combination and seed; `counted` (answers, measures, 2) holds the
    count and the total of every measure in each answer. A measure is the sum of counts over the sum of totals, over all
    answers and seeds; NaN where the total is 0. Columns are set, method, preference and answers; each measure with its
    95 % interval (`_low`, `_high`); and, by name, the `differences` of measures to method `plain`, paired by prompt.
    Intervals are by bootstrap over prompts, and over seeds where a method has several; all methods share the resamples
    of prompts.
    """
    table = responses[["set", "method", "prompt_id", "combination", "seed"]].assign(place=np.arange(len(responses)))
    each = table.assign(preference=table["combination"].map(members_of)).explode("preference")
    compared = [measures.index(measure) for measure in differences.values()]
    rows = []
    for (name, preference), own in pd.concat([table.assign(preference="all"), each]).groupby(
        ["set", "preference"], sort=False
    ):
        prompts = pd.Index(sorted(set(own["prompt_id"])))
        weights = resample_weights(len(prompts), resamples, seed)
        found = {}
        for method, group in own.groupby("method", sort=False):
            seeds, prompt = pd.Index(sorted(set(group["seed"]))), prompts.get_indexer(group["prompt_id"])
            sums = np.zeros((len(prompts), len(seeds), len(measures), 2))
            np.add.at(sums, (prompt, seeds.get_indexer(group["seed"])), counted[group["place"]])
            both_sums = (np.moveaxis(sums[..., part], 1, -1) for part in (0, 1))  # (prompts, measures, seeds) each
            resampled = crossed_ratios(weights, seed_weights(len(seeds), resamples, seed), *both_sums)
            found[method] = (len(group), sums.sum(axis=1), resampled)
        for method, (n, sums, resampled) in found.items():
            row = {"set": name, "method": method, "preference": preference, "answers": n}
            row |= _with_interval(measures, _shares(sums), resampled, len(prompts))
            if plain in found:
                _, other, other_resampled = found[plain]
                difference = (_shares(sums) - _shares(other))[compared], (resampled - other_resampled)[:, compared]
                row |= _with_interval(differences, *difference, len(prompts))
            rows.append(row)
    return pd.DataFrame(rows)


def _shares(sums: np.ndarray) -> np.ndarray:
    """(prompts, measures, 2) counts and totals -> (measures,) shares in [0, 1]; NaN where the total is 0."""
    with np.errstate(invalid="ignore"):
        return sums[..., 0].sum(axis=0) / sums[..., 1].sum(axis=0)


def _with_interval(names: Iterable[str], shares: np.ndarray, resampled: np.ndarray, n_prompts: int) -> dict[str, float]:
    """Columns <name>, <name>_low and <name>_high from (k,) shares and (resamples, k) resampled ones."""
    bounds = zip(names, shares, *percentile_interval(resampled, n_prompts), strict=True)
    return {f"{name}{end}": value for name, *values in bounds for end, value in zip(ENDS, values, strict=True)}
