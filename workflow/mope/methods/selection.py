"""A choice among finished answers by reward models, never by the judge."""

from pathlib import Path

import pandas as pd

from mope.methods.generator import Answers
from mope.methods.responses import response_table
from mope.rewards.combined import Rewards, references_of
from mope.rewards.forms.bt import BradleyTerry
from mope.rewards.reward_model import load_reward_models


class Chooser:
    """The reward models, by preference, and the reference answers of the prompts."""

    def __init__(self, base: Path, rewards: dict[str, Path], reference: pd.DataFrame, precision: str = "float32"):
        self.models = load_reward_models(base, rewards, precision=precision)
        self.reference = reference

    def best(self, prompts: pd.DataFrame, combinations: list[str], answers: Answers, by: list[str]) -> pd.DataFrame:
        """Of several answers, keyed like seeds, those of the highest mean reward (eq. 2) in each group.

        `by` are the columns that make a group. The answers chosen keep the order of prompts and combinations.
        """
        table = response_table(prompts, combinations, answers)
        rewards = Rewards(self.models, references_of(self.reference, combinations), BradleyTerry())
        asked = (list(table[column]) for column in ("prompt", "response", "combination"))
        reward = table.assign(reward=rewards(*asked).numpy()).groupby([*by, "seed"]).reward.mean()
        chosen = reward.groupby(level=by).idxmax().map(lambda key: key[-1]).rename("chosen").reset_index()
        kept = table.merge(chosen, on=by, how="left", validate="many_to_one")
        kept = kept[kept.seed == kept.chosen].drop(columns="chosen").assign(seed=0)
        place = {key: i for i, key in enumerate((p, xi) for p in prompts.prompt_id for xi in combinations)}
        order = [place[key] for key in zip(kept.prompt_id, kept.combination, strict=True)]
        return kept.assign(order=order).sort_values("order", ignore_index=True).drop(columns="order")
