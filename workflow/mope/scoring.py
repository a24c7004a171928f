"""Reward-model scores of answers, raw and as Bradley-Terry probabilities."""

import pandas as pd
import torch

from mope.training.reward_model import RewardModel, bradley_terry

COLUMNS = ["prompt_id", "combination", "preference", "reward", "bt_reward", "seed"]


def score_responses(responses: pd.DataFrame, reference: pd.DataFrame, models: dict[str, RewardModel]) -> pd.DataFrame:
    """One row per answer and preference of its combination: r_d(x, y), and σ(r_d(x, y) − r_d(x, y_ref)) (eq. 2)."""
    tables = []
    for name, model in models.items():
        concerned = responses[responses.combination.str.split("-").map(lambda members, n=name: n in members)]
        if concerned.empty:
            continue
        # An answer given twice (greedy methods, several seeds) is scored once.
        unique = concerned[["prompt", "response"]].drop_duplicates()
        scores = dict(
            zip(unique.itertuples(index=False, name=None), model.score(unique.prompt, unique.response), strict=True)
        )
        base = dict(zip(reference.prompt_id, model.score(reference.prompt, reference.response), strict=True))
        reward = torch.stack([scores[pair] for pair in zip(concerned.prompt, concerned.response, strict=True)])
        baseline = torch.stack([base[i] for i in concerned.prompt_id])
        table = concerned[["prompt_id", "combination", "seed"]].assign(
            preference=name, reward=reward.numpy(), bt_reward=bradley_terry(reward, baseline).numpy()
        )
        tables.append(table)
    every = pd.concat(tables)[COLUMNS]
    return every.sort_values(["seed", "prompt_id", "combination", "preference"], ignore_index=True)
