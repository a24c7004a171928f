"""The best single expert of each combination, chosen in hindsight."""

from pathlib import Path

import pandas as pd

from mope.decoding.mixers import Probability
from mope.generation import Generator, responses
from mope.scoring import score_responses
from mope.training.reward_model import RewardModel


def best_experts(
    generator: Generator, prompts: pd.DataFrame, rewards: dict[str, Path], reference: pd.DataFrame
) -> pd.DataFrame:
    """Each combination's answers by whichever one of its experts reaches the highest mean Bradley-Terry reward on them.

    The expert reads all of the combination's preference texts. An oracle: the choice is made on the evaluation prompts
    themselves, in the baseline's favour (by reward models, never by the judge).
    """
    preferences, names = generator.preferences, list(generator.models.experts)
    combinations = preferences.combinations()
    pool = generator.pool(generator.models.experts)
    models = {name: RewardModel(generator.models.base, folder) for name, folder in rewards.items()}
    best: dict[str, tuple[float, pd.DataFrame]] = {}
    for place in range(len(preferences.dimensions)):
        pairs = [(prompt, xi) for prompt in prompts.prompt for xi in combinations]
        requests = [
            generator.plain_request(names.index(preferences.members(xi)[place]), prompt, preferences.statements(xi), xi)
            for prompt, xi in pairs
        ]
        table = responses(prompts, combinations, {0: generator.decode(pool, Probability(), requests)})
        scores = score_responses(table, reference, models)
        for xi, reward in scores.groupby("combination").bt_reward.mean().items():
            if xi not in best or reward > best[xi][0]:
                best[xi] = (reward, table[table.combination == xi])
    chosen = pd.concat([best[xi][1] for xi in combinations])
    order = {prompt_id: i for i, prompt_id in enumerate(prompts.prompt_id)}
    place = {xi: i for i, xi in enumerate(combinations)}
    return chosen.sort_values(
        ["prompt_id", "combination"], key=lambda c: c.map(order if c.name == "prompt_id" else place), ignore_index=True
    )
