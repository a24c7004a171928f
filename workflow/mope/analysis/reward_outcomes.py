"""What the reward models say to the comparisons that a judge has seen: who wins by the sign of the difference."""

import numpy as np
import pandas as pd

from mope.analysis.outcomes import OUTCOME_KEYS
from mope.errors import MopeError

ROUNDING = 1e-5  # rewards of one text in two batches differ by less: such answers tie
REWARD_KEYS = ["prompt_id", "combination", "preference"]


def reward_signs(comparisons: pd.DataFrame, rewards: pd.DataFrame) -> np.ndarray:
    """+1.0 where the answer of a has the higher reward, -1.0 where that of b has, 0.0 where they tie: (comparisons,).

    `comparisons`: columns `OUTCOME_KEYS` and preference; `rewards`: method, prompt_id, combination, preference, seed,
    value. `MopeError` where an answer has no reward.
    """
    sides = []
    for side in ("a", "b"):
        own = rewards[["method", *REWARD_KEYS, "seed", "value"]].rename(
            columns={"method": side, "seed": f"seed_{side}"}
        )
        found = comparisons.merge(own, on=[side, *REWARD_KEYS, f"seed_{side}"], how="left", validate="many_to_one")[
            "value"
        ]
        if found.isna().any():
            row = comparisons.iloc[int(found.isna().to_numpy().argmax())]
            raise MopeError(f"scores of {row[side]}: no reward of {row.prompt_id} / {row.combination} found")
        sides.append(found.to_numpy(float))
    gap = sides[0] - sides[1]
    return np.where(np.abs(gap) < ROUNDING, 0.0, np.sign(gap))


def reward_outcomes(comparisons: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """A judge's table of outcomes with the outcomes that the reward models give: 1 win of a, 0.5 tie, 0 loss.

    Of one preference by its reward; of "all" by the mean Bradley-Terry reward over those of ξ (paper eq. 2). `scores`:
    method and the columns of score files.
    """
    whole = scores.groupby(["method", "prompt_id", "combination", "seed"], sort=False)["bt_reward"].mean()
    each = scores.rename(columns={"reward": "value"})
    rewards = pd.concat([whole.rename("value").reset_index().assign(preference="all"), each], ignore_index=True)
    table = comparisons[[*OUTCOME_KEYS, "preference"]]
    return table.assign(outcome=(reward_signs(table, rewards) + 1) / 2)
