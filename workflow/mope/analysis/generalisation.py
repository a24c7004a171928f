"""How much of its gain a controller keeps on combinations, or with an expert, that it was not trained with."""

import numpy as np
import pandas as pd

from mope.analysis.aggregate import Judgments
from mope.analysis.evaluation import evaluate
from mope.analysis.intervals import (
    INTERVAL_COLUMNS,
    both_intervals,
    crossed_ratios,
    ratios,
    resample_weights,
    seed_weights,
)
from mope.analysis.win_rates import win_rates

FLOOR = "uniform"  # the method that mixes the experts with uniform weights, without training
GENERALISATION_COLUMNS = [
    *"set method full part combinations bt_reward full_reward floor_reward kept difference".split(),
    *INTERVAL_COLUMNS,
    "full_win_rate",
    *(f"full_win_rate_{bound}" for bound in INTERVAL_COLUMNS),
]


def generalisation(
    scores: pd.DataFrame, judgments: Judgments, partial: dict[str, dict], resamples: int, seed: int
) -> pd.DataFrame:
    """Mean Bradley-Terry reward on the combinations that a controller was trained on and on new ones (column `part`).

    `scores` are the score tables with columns set and method; `partial` maps each method to its `trained` combinations
    and to `full`, the method whose controller was trained on all of them; `judgments` are one judge's on these pairs of
    methods.
    `difference` is the method's reward minus that of `full`, with intervals by bootstrap over prompts and seeds, and
    over prompts alone. `kept` is the method's gain over uniform weights divided by that of `full`: 1 when nothing is
    lost, NaN where `full` gains nothing. `full_win_rate` is the judge's win rate of `full` against the method.
    """
    keys = ["set", "method", "prompt_id", "combination", "seed"]
    answers = scores.groupby(keys, sort=False).bt_reward.mean().reset_index()
    by_set = {name: pairs for (name, _), pairs in judgments.items()}
    rows = []
    for (name, table), (method, about) in ((s, m) for s in answers.groupby("set", sort=False) for m in partial.items()):
        trained = table.combination.isin(about["trained"])
        for part, own in (("trained", table[trained]), ("new", table[~trained])):
            by_prompt = own.pivot_table(index="prompt_id", columns="method", values="bt_reward", aggfunc="mean")
            reward, full = (by_prompt[m].mean() for m in (method, about["full"]))
            floor = by_prompt[FLOOR].mean() if FLOOR in by_prompt else np.nan
            bounds = _difference_bounds(own, method, about["full"], resamples, seed)
            kept = (reward - floor) / (full - floor) if full > floor else np.nan
            head = (name, method, about["full"], part, own.combination.nunique())
            judged = _full_win_rate(name, by_set[name], method, about["full"], set(own.combination), resamples, seed)
            rows.append((*head, reward, full, floor, kept, reward - full, *bounds, *judged))
    return pd.DataFrame(rows, columns=GENERALISATION_COLUMNS)


def _difference_bounds(answers: pd.DataFrame, method: str, full: str, resamples: int, seed: int) -> list[float]:
    """`INTERVAL_COLUMNS` of the difference in mean reward, paired by prompt and by seed."""
    sides = (answers[answers.method == name] for name in (method, full))
    first, second = (side.pivot_table(index="prompt_id", columns="seed", values="bt_reward") for side in sides)
    gaps = (first.to_numpy() - second.to_numpy())[:, None]  # (prompts, 1, seeds); a side of one seed is broadcast
    weights, ones = resample_weights(len(gaps), resamples, seed), np.ones_like(gaps)
    crossed = crossed_ratios(weights, seed_weights(gaps.shape[-1], resamples, seed), gaps, ones)
    alone = ratios(weights, gaps.sum(axis=-1), ones.sum(axis=-1))
    return [float(bound[0]) for bound in both_intervals(crossed, alone, len(gaps)).values()]


def _full_win_rate(
    name: str, pairs: dict, method: str, full: str, combinations: set[str], resamples: int, seed: int
) -> list[float]:
    """Win rate of `full` against `method` on the given combinations, then its `INTERVAL_COLUMNS`."""
    pair = next(pair for pair in ((method, full), (full, method)) if pair in pairs)
    table = pairs[pair][pairs[pair].combination.isin(combinations)]
    e = evaluate(name, "", list(pair), {pair: table}, resamples=resamples, seed=seed, max_unparsed=1.0)
    rates = win_rates(e, [])
    whole = rates[(rates.combination == "all") & (rates.preference == "all") & (rates.method == full)]
    return whole.iloc[0][["win_rate", *INTERVAL_COLUMNS]].tolist()
