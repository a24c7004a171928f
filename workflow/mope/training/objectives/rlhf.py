"""RLHF: one policy, trained on plain prompts against one general reward model."""

from pathlib import Path

import pandas as pd

from mope.preferences import GENERAL
from mope.rewards.combined import Rewards
from mope.rewards.forms.raw import Raw
from mope.rewards.reward_model import load_reward_models
from mope.training.checkpoints import Checkpoints
from mope.training.expert import ExpertSettings, task, train_expert
from mope.training.policy_parts import PolicyParts

NEEDS = ["general_reward"]


def train(parts: PolicyParts, settings: ExpertSettings, saved: Checkpoints, out: Path) -> pd.DataFrame:
    """Writes the adapter to `out`; returns the training curve."""
    models = load_reward_models(parts.base, parts.rewards, precision=settings.precision)
    return train_expert(parts.base, Rewards(models, {}, Raw()), plain_tasks(parts.prompts), settings, saved, out)


def plain_tasks(prompts: pd.DataFrame) -> list[dict]:
    """One task per prompt, without preference texts, whose answers the general reward model scores."""
    return [task(prompt, [], GENERAL) for prompt in prompts.prompt]
