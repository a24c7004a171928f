"""The data and models that a policy for all combinations may be trained on; each objective uses some of them."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mope.preferences import Preferences


@dataclass(frozen=True)
class PolicyParts:
    """The base model's folder, preferences and prompts; reward adapters and pairs of feedback, both by preference.

    What an objective does not list in its NEEDS is empty. `own`: the values of the keys that it declares for itself.
    """

    base: Path
    preferences: Preferences
    prompts: pd.DataFrame
    rewards: dict[str, Path]
    feedback: dict[str, pd.DataFrame]
    own: dict[str, object]
