"""What the reward models decide, against a literal loop over the scores."""

import numpy as np
import pandas as pd
import pytest

from mope.analysis.evaluation import by_rewards, evaluate
from mope.analysis.reward_outcomes import ROUNDING, reward_outcomes
from mope.analysis.win_rates import win_rates
from mope.errors import MopeError
from mope.judging.judge_kinds import REWARD_MODELS


def scored(rewards: dict[str, list[tuple[float, float]]]) -> pd.DataFrame:
    """Two preferences of one prompt, by method: (reward, Bradley-Terry reward) each."""
    rows = [
        (method, "q", "F1-F2", preference, 0, reward, bt)
        for method, pair in rewards.items()
        for preference, (reward, bt) in zip(("F1", "F2"), pair, strict=True)
    ]
    return pd.DataFrame(rows, columns="method prompt_id combination preference seed reward bt_reward".split())


ONE = pd.DataFrame(
    [("a", "b", "q", "F1-F2", 0, 0, preference) for preference in ("all", "F1", "F2")],
    columns="a b prompt_id combination seed_a seed_b preference".split(),
)


def test_one_preference_by_its_reward_and_all_by_the_mean_of_bradley_terry() -> None:
    scores = scored({"a": [(9.0, 1.0), (0.0, 0.4)], "b": [(8.0, 1.0), (1.0, 0.5)]})
    found = reward_outcomes(ONE, scores).set_index("preference")["outcome"]
    assert found.to_dict() == {"all": 0.0, "F1": 1.0, "F2": 0.0}  # the first preference is saturated, its reward is not


def test_what_rounding_tells_apart_is_a_tie() -> None:
    scores = scored({"a": [(1.0, 0.5), (1.0, 0.5)], "b": [(1.0 + 0.9 * ROUNDING, 0.5), (1.0 + 2 * ROUNDING, 0.5)]})
    assert reward_outcomes(ONE, scores)["outcome"].tolist() == [0.5, 0.5, 0.0]


def test_a_missing_reward_is_an_error() -> None:
    with pytest.raises(MopeError, match="scores of b: no reward of q / F1-F2"):
        reward_outcomes(ONE, scored({"a": [(1.0, 0.5), (1.0, 0.5)]}))


def test_win_rates_by_the_reward_models_equal_a_literal_count(run, scores) -> None:  # noqa: ANN001
    judgments, responses = run
    e = evaluate("single", "rubric", list(responses), judgments, resamples=100, seed=1, max_unparsed=0)
    rated = by_rewards(e, scores)
    assert rated.judge == REWARD_MODELS and rated.counts.prompts == e.counts.prompts
    table = win_rates(rated, []).set_index(["combination", "preference", "method", "opponent"])
    answers = dict(list(scores.groupby("method")))
    for a, b in (("vanilla", "mope"), ("soup_factor", "mod")):
        for preference in ("all", "P2B"):
            points = []
            keys = ["prompt_id", "combination"]
            value = "bt_reward" if preference == "all" else "reward"
            means = [
                t[t.preference.eq(preference) | (preference == "all")].groupby([*keys, "seed"])[value].mean()
                for t in (answers[a], answers[b])
            ]
            for (prompt, combination, _), first in means[0].items():
                second = means[1].loc[prompt, combination]
                points += [0.5 if abs(first - x) < ROUNDING else float(first > x) for x in second]
            assert table.loc[("all", preference, a, b), "win_rate"] == pytest.approx(np.mean(points))
