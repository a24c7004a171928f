"""Reward-model scores of answers, raw and as Bradley-Terry probabilities."""

import pandas as pd
import torch

from mope.rewards.reward_model import RewardModel, bradley_terry

SCORE_COLUMNS = ["prompt_id", "combination", "preference", "reward", "bt_reward", "seed"]


def concerned(responses: pd.DataFrame, preference: str) -> pd.DataFrame:
    """The answers to combinations that hold the preference."""
    return responses[responses.combination.str.split("-").map(lambda members: preference in members)]


def score_texts(responses: pd.DataFrame, models: dict[str, RewardModel]) -> dict[str, dict[tuple[str, str], float]]:
    """`scores[preference][prompt, response]` of all answers to combinations that hold the preference.

    An answer given twice (greedy methods, several seeds) is scored once.
    """
    scores = {}
    for name, model in models.items():
        unique = concerned(responses, name)[["prompt", "response"]].drop_duplicates()
        if len(unique):
            rewards = model.score(unique.prompt, unique.response).tolist()
            scores[name] = dict(zip(unique.itertuples(index=False, name=None), rewards, strict=True))
    return scores


def score_responses(responses: pd.DataFrame, reference: pd.DataFrame, models: dict[str, RewardModel]) -> pd.DataFrame:
    """One row per answer and preference of its combination: r_d(x, y), and σ(r_d(x, y) − r_d(x, y_ref)) (eq. 2)."""
    tables = []
    for name, scores in score_texts(responses, models).items():
        own = concerned(responses, name)
        base = dict(zip(reference.prompt_id, models[name].score(reference.prompt, reference.response), strict=True))
        reward = torch.tensor([scores[pair] for pair in zip(own.prompt, own.response, strict=True)])
        baseline = torch.stack([base[i] for i in own.prompt_id])
        table = own[["prompt_id", "combination", "seed"]].assign(
            preference=name, reward=reward.numpy(), bt_reward=bradley_terry(reward, baseline).numpy()
        )
        tables.append(table)
    every = pd.concat(tables)[SCORE_COLUMNS]
    return every.sort_values(["seed", "prompt_id", "combination", "preference"], ignore_index=True)
