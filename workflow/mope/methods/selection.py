"""Methods that choose among finished answers by reward models, never by the judge."""

from pathlib import Path

import pandas as pd

from mope.data.tables import derive_seed
from mope.decoding.mixers import Probability
from mope.methods.generation import Answers, Generator, response_table, texts_read
from mope.pools.adapters import BASE
from mope.rewards.reward_model import load_reward_models
from mope.rewards.scoring import score_responses


class Chooser:
    """The reward models, by preference, and the reference answers of the prompts."""

    def __init__(self, base: Path, rewards: dict[str, Path], reference: pd.DataFrame):
        self.models = load_reward_models(base, rewards)
        self.reference = reference

    def best(self, prompts: pd.DataFrame, combinations: list[str], answers: Answers, by: list[str]) -> pd.DataFrame:
        """Of several answers, keyed like seeds, those of the highest mean Bradley-Terry reward (eq. 2) in each group.

        `by` are the columns that make a group. The answers chosen keep the order of prompts and combinations.
        """
        table = response_table(prompts, combinations, answers)
        reward = score_responses(table, self.reference, self.models).groupby([*by, "seed"]).bt_reward.mean()
        chosen = reward.groupby(level=by).idxmax().map(lambda key: key[-1]).rename("chosen").reset_index()
        kept = table.merge(chosen, on=by, how="left", validate="many_to_one")
        kept = kept[kept.seed == kept.chosen].drop(columns="chosen").assign(seed=0)
        place = {key: i for i, key in enumerate((p, xi) for p in prompts.prompt_id for xi in combinations)}
        order = [place[key] for key in zip(kept.prompt_id, kept.combination, strict=True)]
        return kept.assign(order=order).sort_values("order", ignore_index=True).drop(columns="order")


def best_experts(generator: Generator, method: dict, prompts: pd.DataFrame, chooser: Chooser) -> pd.DataFrame:
    """Each combination's answers by whichever one of its experts reaches the highest mean Bradley-Terry reward on them.

    An oracle: the choice is made on the evaluation prompts themselves, in the baseline's favour.
    """
    preferences, names = generator.preferences, list(generator.models.experts)
    combinations = preferences.combinations()
    pool, pairs = generator.pool(generator.models.experts), [(p, xi) for p in prompts.prompt for xi in combinations]
    answers = {}
    for place in range(len(preferences.dimensions)):
        requests = [
            generator.plain_request(
                names.index(preferences.members(xi)[place]), prompt, texts_read(generator, method, xi), xi
            )
            for prompt, xi in pairs
        ]
        answers[place] = generator.decode(pool, Probability(), requests)
    return chooser.best(prompts, combinations, answers, ["combination"])


def best_of_n(generator: Generator, method: dict, prompts: pd.DataFrame, chooser: Chooser) -> pd.DataFrame:
    """The best of `n` samples of the base for each prompt and combination: the runs that mixing n experts takes.

    Deviation: the reward models that choose are those that train the experts, in the baseline's favour.
    """
    combinations = generator.preferences.combinations()
    pool, pairs = generator.pool({"base": BASE}), [(p, xi) for p in prompts.prompt for xi in combinations]
    answers = {}
    for sample in range(method["n"]):
        requests = [
            generator.plain_request(
                0, prompt, texts_read(generator, method, xi), xi, derive_seed(generator.seed(prompt, xi), sample)
            )
            for prompt, xi in pairs
        ]
        answers[sample] = generator.decode(pool, Probability(), requests)
    return chooser.best(prompts, combinations, answers, ["prompt_id", "combination"])


SELECTIONS = {"expert": best_experts, "best_of": best_of_n}
