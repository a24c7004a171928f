"""Reward-model scores of answers, raw and as Bradley-Terry probabilities."""

import pandas as pd
import torch

from mope.preferences import members_of
from mope.rewards.combined import Rewards, references_of
from mope.rewards.forms.bt import BradleyTerry
from mope.rewards.reward_model import RewardModel

SCORE_COLUMNS = ["prompt_id", "combination", "preference", "reward", "bt_reward", "seed"]


def concerned(responses: pd.DataFrame, preference: str) -> pd.DataFrame:
    """The responses whose combination holds the preference."""
    return responses[[preference in members_of(xi) for xi in responses.combination]]


def score_texts(responses: pd.DataFrame, models: dict[str, RewardModel]) -> dict[str, dict[tuple[str, str], float]]:
    """Rewards r_d as `scores[preference][prompt, response]`, for all answers whose combination holds the preference.

    `responses` has the columns prompt, response and combination. Equal answers to a prompt are scored once.
    """
    scores = {}
    for name, model in models.items():
        unique = concerned(responses, name)[["prompt", "response"]].drop_duplicates()
        if len(unique):
            rewards = model.score(unique.prompt, unique.response).tolist()
            scores[name] = dict(zip(unique.itertuples(index=False, name=None), rewards, strict=True))
    return scores


def score_responses(responses: pd.DataFrame, reference: pd.DataFrame, models: dict[str, RewardModel]) -> pd.DataFrame:
    """One row per answer and preference of its combination (columns `SCORE_COLUMNS`).

    `reward` is r_d(x, y), and `bt_reward` is R_d(x, y) of paper eq. 2 against the reference answers of `reference`. Of
    responses with a column `point`, the number of the weights that they were given under, the result has it, too.
    """
    keys = [name for name in ("seed", "point", "prompt_id", "combination") if name in responses]
    rewards = Rewards(models, references_of(reference, responses.combination.unique()), BradleyTerry())
    tables = []
    for name, scores in score_texts(responses, models).items():
        own = concerned(responses, name)
        reward = torch.tensor([scores[pair] for pair in zip(own.prompt, own.response, strict=True)])
        bt_reward = rewards.of_preference(name, reward, list(zip(own.prompt, own.combination, strict=True)))
        table = own[keys]
        tables.append(table.assign(preference=name, reward=reward.numpy(), bt_reward=bt_reward.numpy()))
    every = pd.concat(tables)[[*SCORE_COLUMNS, *({"point"} & set(keys))]]
    return every.sort_values([*keys, "preference"], ignore_index=True)
