"""How far a judge's scores are those of whoever labelled the training feedback: a judge that is apart agrees less."""

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from mope.analysis.intervals import percentile_interval, resample_weights

ANNOTATOR_COLUMNS = ["preference", "judge", "n", "spearman", "ci_low", "ci_high", "verdict_agreement"]


def _correlation(moments: np.ndarray) -> np.ndarray:
    """Pearson's correlation from sums (..., 6) of 1, x, y, xx, yy, xy; NaN where a variable is constant."""
    n, x, y, xx, yy, xy = np.moveaxis(moments, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (n * xy - x * y) / np.sqrt((n * xx - x**2) * (n * yy - y**2))


def _agreeing(annotator: np.ndarray, judge: np.ndarray) -> tuple[int, int]:
    """Of the pairs of answers to one prompt that both tell apart: those on which they agree, and all."""
    upper = np.triu_indices(len(annotator), 1)
    first, second = (np.sign(values[:, None] - values[None])[upper] for values in (annotator, judge))
    product = first * second
    return int((product > 0).sum()), int((product != 0).sum())


def annotator_agreement(values: pd.DataFrame, resamples: int = 1000, seed: int = 0) -> pd.DataFrame:
    """One row per preference and judge, in order (columns `AGREEMENT_COLUMNS`).

    `values` has one row per answer: preference, judge_name, prompt_id, annotator and judge, the last two scores. `n`
    answers; Spearman's correlation over all of them, with its interval by bootstrap over prompts (of the ranks in all
    answers); `verdict_agreement`: of the pairs of answers to one prompt that both scores tell apart, the share on which
    they prefer the same. NaN where a score is constant, or no pair is told apart.
    """
    rows = []
    for (preference, judge), own in values.groupby(["preference", "judge_name"], sort=False):
        constant = own["annotator"].nunique() < 2 or own["judge"].nunique() < 2
        spearman = np.nan if constant else spearmanr(own["annotator"], own["judge"]).statistic
        x, y = (own[column].rank() - (len(own) + 1) / 2 for column in ("annotator", "judge"))
        products = pd.DataFrame({"n": 1.0, "x": x, "y": y, "xx": x * x, "yy": y * y, "xy": x * y})
        by_prompt = products.groupby(own["prompt_id"]).sum().to_numpy()
        resampled = _correlation(resample_weights(len(by_prompt), resamples, seed) @ by_prompt)
        low, high = percentile_interval(resampled, len(by_prompt))
        pairs = [_agreeing(g["annotator"].to_numpy(), g["judge"].to_numpy()) for _, g in own.groupby("prompt_id")]
        agreeing, decided = np.sum(pairs, axis=0)
        share = agreeing / decided if decided else np.nan
        rows.append((preference, judge, len(own), spearman, low, high, share))
    return pd.DataFrame(rows, columns=ANNOTATOR_COLUMNS)
