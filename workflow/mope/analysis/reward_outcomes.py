"""The reward models' verdicts on a judge's comparisons: the answer with the higher reward wins."""

import numpy as np
import pandas as pd

from mope.analysis.outcomes import OUTCOME_KEYS
from mope.errors import MopeError

ROUNDING = 1e-5  # rewards that differ by less tie: so much may two scores of one text differ, in different batches
REWARD_KEYS = ["prompt_id", "combination", "preference"]


def reward_signs(comparisons: pd.DataFrame, rewards: pd.DataFrame) -> np.ndarray:
    """Which answer has the higher reward, (comparisons,) float64: +1 (a), 0 (tie), -1 (b).

    `comparisons` has the columns `OUTCOME_KEYS` and preference; `rewards` has method, prompt_id, combination,
    preference, seed and value. `MopeError` where an answer has no reward.
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
            answer = f"{row.prompt_id} / {row.combination}, seed {row[f'seed_{side}']}"
            raise MopeError(
                f"scores of {row[side]}: no reward of {answer} found; one of every judged answer is expected"
            )
        sides.append(found.to_numpy(float))
    gap = sides[0] - sides[1]
    return np.where(np.abs(gap) < ROUNDING, 0.0, np.sign(gap))


def reward_outcomes(comparisons: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """The comparisons of a judge's table of outcomes, decided by the reward models: 1 if a wins, 0.5 tie, 0 if b wins.

    A single preference is decided by its reward, "all" by the mean Bradley-Terry reward over the preferences of ξ
    (paper eq. 2). `scores` has the columns of score files and method. `MopeError` where an answer has no reward.
    """
    whole = scores.groupby(["method", "prompt_id", "combination", "seed"], sort=False)["bt_reward"].mean()
    each = scores.rename(columns={"reward": "value"})
    rewards = pd.concat([whole.rename("value").reset_index().assign(preference="all"), each], ignore_index=True)
    table = comparisons[[*OUTCOME_KEYS, "preference"]]
    return table.assign(outcome=(reward_signs(table, rewards) + 1) / 2)
