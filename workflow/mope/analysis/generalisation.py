"""What a controller keeps on combinations, or with an expert, that it was not trained with."""

import numpy as np
import pandas as pd

from mope.analysis.intervals import percentile_interval, ratios, resample_weights

FLOOR = "uniform"  # mixing without any training
GENERALISATION_COLUMNS = (
    "set method full part combinations bt_reward full_reward floor_reward kept difference ci_low ci_high".split()
)


def generalisation(scores: pd.DataFrame, partial: dict[str, dict], resamples: int, seed: int) -> pd.DataFrame:
    """Mean Bradley-Terry reward on combinations that were `trained` and on `new` ones.

    `scores` are the score tables with columns set and method; `partial` maps a method to the combinations `trained` and
    to the method `full` that was trained on all. `difference` is to that method, with an interval by bootstrap over
    prompts; `kept` the share of its gain over uniform weights: 1 when nothing is lost, empty where there is no gain.
    """
    keys = ["set", "method", "prompt_id", "combination"]
    answers = scores.groupby(keys, sort=False).bt_reward.mean().reset_index()
    rows = []
    for (name, table), (method, about) in ((s, m) for s in answers.groupby("set", sort=False) for m in partial.items()):
        trained = table.combination.isin(about["trained"])
        for part, own in (("trained", table[trained]), ("new", table[~trained])):
            by_prompt = own.pivot_table(index="prompt_id", columns="method", values="bt_reward", aggfunc="mean")
            reward, full = (by_prompt[m].mean() for m in (method, about["full"]))
            floor = by_prompt[FLOOR].mean() if FLOOR in by_prompt else np.nan
            gaps = (by_prompt[method] - by_prompt[about["full"]]).to_numpy()[:, None]
            weights = resample_weights(len(gaps), resamples, seed)
            low, high = percentile_interval(ratios(weights, gaps, np.ones_like(gaps)), len(gaps))
            kept = (reward - floor) / (full - floor) if full > floor else np.nan
            head = (name, method, about["full"], part, own.combination.nunique())
            rows.append((*head, reward, full, floor, kept, reward - full, low[0], high[0]))
    return pd.DataFrame(rows, columns=GENERALISATION_COLUMNS)
