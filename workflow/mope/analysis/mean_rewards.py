"""Mean Bradley-Terry rewards: settings are chosen by them, and they are shown beside the judge's verdicts."""

import pandas as pd


def mean_rewards(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean R = mean over ξ's preferences of the Bradley-Terry reward (paper eq. 2), one row per set and method.

    `scores` are the score tables with columns set and method. Columns: `bt_reward`, the mean over answers in [0, 1];
    `seed_std`, the standard deviation between seeds (NaN for one seed); `n_answers`; `worst_reward`, the mean over
    seeds and answers of the reward of ξ's worst preference. Rows keep the order of the input.
    """
    own = scores.groupby(["set", "method", "seed", "prompt_id", "combination"], sort=False).bt_reward
    answers = own.mean()
    worst = own.min().groupby(level=["set", "method", "seed"], sort=False).mean()
    worst = worst.groupby(level=["set", "method"], sort=False).mean().rename("worst_reward").reset_index()
    by_seed = answers.groupby(level=["set", "method", "seed"], sort=False).mean()
    table = by_seed.groupby(level=["set", "method"], sort=False).agg(bt_reward="mean", seed_std="std").reset_index()
    counts = answers.groupby(level=["set", "method"], sort=False).size().rename("n_answers").reset_index()
    keys = ["set", "method"]
    return table.merge(counts, on=keys, how="left").merge(worst, on=keys, how="left")


def rewards_by_cell(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean Bradley-Terry reward within each combination and preference, from which reward fronts are drawn.

    One row per set, method, combination and preference, where "all" stands for all of them together; `scores` as in
    `mean_rewards`.
    """
    whole = {"combination": "all", "preference": "all"}
    cuts = [scores, scores.assign(combination="all"), scores.assign(preference="all"), scores.assign(**whole)]
    keys = ["set", "method", "combination", "preference"]
    return pd.concat([cut.groupby(keys, sort=False).bt_reward.mean().reset_index() for cut in cuts], ignore_index=True)
