"""P-MORL: one policy, trained on prompts with every combination against the mean reward of that combination."""

import random
from pathlib import Path

import pandas as pd

from mope.preferences import Preferences
from mope.rewards.combined import Rewards
from mope.rewards.forms.raw import Raw
from mope.rewards.reward_model import load_reward_models
from mope.training.checkpoints import Checkpoints
from mope.training.expert import ExpertSettings, task, train_expert
from mope.training.policy_parts import PolicyParts

NEEDS = ["rewards"]


def train(parts: PolicyParts, settings: ExpertSettings, saved: Checkpoints, out: Path) -> pd.DataFrame:
    """Writes the adapter to `out`; returns the training curve."""
    models = load_reward_models(parts.base, parts.rewards, precision=settings.precision)
    tasks = combined_tasks(parts.prompts, parts.preferences, settings.seed)
    return train_expert(parts.base, Rewards(models, {}, Raw()), tasks, settings, saved, out)


def combined_tasks(prompts: pd.DataFrame, preferences: Preferences, seed: int) -> list[dict]:
    """One task per prompt and combination, shuffled: the prompt with the combination's texts, and its ξ."""
    tasks = [task(p, preferences.statements(xi), xi) for p in prompts.prompt for xi in preferences.combinations()]
    random.Random(seed).shuffle(tasks)
    return tasks
