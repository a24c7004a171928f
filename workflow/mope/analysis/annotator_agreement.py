"""How closely a judge's scores follow the annotator of the training feedback: an independent judge agrees less."""

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from mope.analysis.intervals import percentile_interval, resample_weights

ANNOTATOR_COLUMNS = ["preference", "judge", "n", "spearman", "ci_low", "ci_high", "verdict_agreement"]


def _correlation(moments: np.ndarray) -> np.ndarray:
    """Pearson's correlation (...) from the sums (..., 6) of 1, x, y, xx, yy, xy; NaN where a variable is constant."""
    n, x, y, xx, yy, xy = np.moveaxis(moments, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (n * xy - x * y) / np.sqrt((n * xx - x**2) * (n * yy - y**2))


def _agreeing(annotator: np.ndarray, judge: np.ndarray) -> tuple[int, int]:
    """Over pairs of answers to one prompt to which neither gives equal scores: how many they order alike, and how many.

    Both arguments are scores (answers,).
    """
    upper = np.triu_indices(len(annotator), 1)
    first, second = (np.sign(values[:, None] - values[None])[upper] for values in (annotator, judge))
    product = first * second
    return int((product > 0).sum()), int((product != 0).sum())


def annotator_agreement(values: pd.DataFrame, resamples: int = 1000, seed: int = 0) -> pd.DataFrame:
    """One row per preference and judge, in the order of `values` (columns `ANNOTATOR_COLUMNS`).

    `values` has one row per answer: preference, judge_name, prompt_id, and the scores annotator and judge. `n` counts
    answers. `spearman` is taken over all of them; its interval is by bootstrap over prompts, with ranks computed once
    over all answers. `verdict_agreement` is over pairs of answers to one prompt whose scores differ for both: the share
    that annotator and judge order alike. NaN where a score is constant or there is no such pair.
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
