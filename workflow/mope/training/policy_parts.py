"""What a policy for all combinations may learn from; each objective uses its own part."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mope.preferences import Preferences


@dataclass(frozen=True)
class PolicyParts:
    """The base and the preferences; prompts, and by preference the reward adapters and the pairs of feedback."""

    base: Path
    preferences: Preferences
    prompts: pd.DataFrame
    rewards: dict[str, Path]
    feedback: dict[str, pd.DataFrame]
