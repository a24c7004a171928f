"""Tables of the results page say what their CSV files say, and their sentences only what is so."""

import pandas as pd

from mope.report.docs.markdown import any_table
from mope.report.docs.win_rate_tables import (
    average_table,
    generalisation_table,
    interval_over,
    intervals_sentence,
    judges,
    leader_sentence,
    of_judge,
    preference_table,
    rewards_by_set,
    rewards_sentence,
    rivals_table,
    variants_table,
    weak_preferences_sentence,
)


def averages(**rates: float) -> pd.DataFrame:
    rows = [{"method": m, "average_win_rate": r, "ci_low": r - 0.1, "ci_high": r + 0.1} for m, r in rates.items()]
    return pd.DataFrame(rows).assign(set="koala", judge="gpt", mean_tokens=57.6, seed_std=None)


def pair(opponent: str, low: float, high: float, preference: str = "all", **more) -> dict:
    row = {"set": "koala", "judge": "gpt", "combination": "all", "preference": preference, "method": "mope"}
    return row | {"opponent": opponent, "win_rate": (low + high) / 2, "ci_low": low, "ci_high": high} | more


def test_averages_are_sorted_and_seeds_have_a_spread() -> None:
    table = averages(mod=0.4, mope=0.5).assign(seed_std=[None, 0.012])
    assert average_table(table).splitlines() == [
        "| method | koala: average win rate, % [95 %] | tokens |",
        "| --- | --- | --- |",
        "| `mope` | 50.0 ± 1.2 [40.0, 60.0] | 58 |",
        "| `mod` | 40.0 [30.0, 50.0] | 58 |",
    ]


def test_the_interval_over_prompts_alone_stands_beside_where_seeds_make_another() -> None:
    table = averages(mod=0.4, mope=0.5).assign(prompts_low=[0.3, 0.45], prompts_high=[0.5, 0.55])
    first, second = average_table(table).splitlines()[2:]
    assert first == "| `mope` | 50.0 [40.0, 60.0], prompts alone [45.0, 55.0] | 58 |"
    assert "prompts alone" not in second
    assert interval_over(table) == "over prompts and these seeds"
    assert interval_over(averages(mope=0.5)) == "over prompts alone"


def test_the_first_judge_is_that_of_the_table() -> None:
    table = pd.concat([averages(mope=0.5), averages(mope=0.6).assign(judge="rubric")])
    assert judges(table) == ["gpt", "rubric"]
    assert list(of_judge(table).average_win_rate) == [0.5]
    assert list(of_judge(table, "rubric").average_win_rate) == [0.6]


def test_mope_is_called_first_only_if_it_is() -> None:
    assert leader_sentence(averages(mod=0.4, mope=0.5)) == (
        "By average win rate `mope` is first on koala with 50.0 % (next: `mod`, 40.0 %)."
    )
    assert leader_sentence(averages(mod=0.6, mope=0.3, vanilla=0.4)) == (
        "By average win rate `mod` is first on koala with 60.0 % (`mope`: 30.0 %, rank 3 of 3)."
    )
    assert leader_sentence(averages(mod=0.6, uniform=0.3)) == "By average win rate `mod` is first on koala with 60.0 %."


def test_the_smallest_possible_p_value_is_a_bound() -> None:
    rows = [
        pair("a", 0.6, 0.7, p_holm=0.0016, p_bound=1.0, seed_std=None),
        pair("b", 0.6, 0.7, p_holm=0.031, p_bound=0.0, seed_std=None),
        pair("c", 0.6, 0.7, p_holm=None, p_bound=None, seed_std=None),
    ]
    cells = [line.rsplit("] ")[0].rsplit("], ")[-1] for line in rivals_table(pd.DataFrame(rows)).splitlines()[2:]]
    assert cells[0].startswith("p ≤ 0.0016") and cells[1].startswith("p = 0.031") and "p" not in cells[2]
    older = pd.DataFrame(rows).drop(columns="p_bound")  # a table of earlier code: nobody knows
    assert "p ≤ 0.031" in rivals_table(older)


def test_intervals_are_told_apart() -> None:
    pairs = pd.DataFrame([pair("a", 0.6, 0.7), pair("b", 0.4, 0.6), pair("c", 0.2, 0.3), pair("d", 0.1, 0.2)])
    assert intervals_sentence(pairs) == (
        "The intervals of `mope` are on koala above one half against 1 of 4 methods, undecided against `b`, "
        "below against `c` and `d`."
    )
    assert intervals_sentence(pairs[:1]).endswith("above one half against 1 of 1 methods.")
    assert intervals_sentence(pairs.assign(method="mod")) == ""


def test_the_preferences_on_which_mope_loses_are_named_whatever_their_ids() -> None:
    pairs = pd.DataFrame([pair("a", 0.1, 0.4, "F1"), pair("b", 0.1, 0.6, "F1"), pair("a", 0.6, 0.7, "F2")])
    assert weak_preferences_sentence(pairs, {"F1": "casual"}) == (
        "By preference `mope` loses by its whole interval: F1 casual on koala against 1 of 2 methods."
    )
    assert weak_preferences_sentence(pairs[1:], {}).startswith("On no preference")
    assert weak_preferences_sentence(pairs.assign(preference="all"), {}) == ""


def test_what_the_reward_models_like_better() -> None:
    rewards = pd.DataFrame({"set": "koala", "method": ["mope", "a", "b", "c"], "bt_reward": [0.5, 0.6, 0.7, 0.4]})
    assert rewards_sentence(rewards) == "Mean reward above that of `mope`: `b` and `a` on koala."
    assert rewards_sentence(rewards, most=1).endswith("2 of 3 methods, the first `b` on koala.")
    assert rewards_sentence(rewards[rewards.method != "mope"]) == ""
    assert rewards_sentence(rewards[[True, False, False, True]]).endswith("`mope`: none on koala.")


def test_rewards_stand_by_set_with_their_spread() -> None:
    methods = {"method": ["mod", "mope"], "bt_reward": [0.6826, 0.7362], "seed_std": [None, 0.0041]}
    rows = rewards_by_set(pd.DataFrame({"set": "development", **methods})).splitlines()[2:]
    assert rows == ["| `mope` | 0.736 ± 0.004 |", "| `mod` | 0.683 |"]


def test_variants_stand_beside_those_they_are_compared_with() -> None:
    pairs = pd.DataFrame(
        [
            pair("mope", 0.35, 0.47, method="mope_raw", set="single", win_rate=0.41, seed_std=0.163),
            pair("mope", 0.4, 0.6, method="mope_raw", set="comparison", win_rate=0.5, seed_std=None),
        ]
    )
    rewards = pd.DataFrame({"set": ["single"], "method": "mope_raw", "bt_reward": [0.7]})
    assert variants_table(pairs, rewards).splitlines()[2:] == [
        "| `mope_raw` | `mope` | 41.0 ± 16.3 [35.0, 47.0] | 50.0 [40.0, 60.0] | 0.700 |  |"
    ]


def test_preferences_are_columns_whatever_they_are_called() -> None:
    row = {"set": "koala", "judge": "gpt", "combination": "all", "method": "mope", "average_win_rate": 0.5}
    cells = pd.DataFrame([row | {"preference": name} for name in ("all", "F2", "X")])
    assert preference_table(cells, "koala", {"F2": "formal"}).splitlines()[::2] == [
        "| method | F2 formal, % | X, % |",
        "| `mope` | 50.0 | 50.0 |",
    ]


def test_what_is_kept_where_a_controller_was_not_trained() -> None:
    row = {"set": "single", "method": "mope_half", "full": "mope", "part": "new", "combinations": 4}
    row |= {"bt_reward": 0.7, "full_reward": 0.74, "floor_reward": 0.64, "kept": 0.6}
    table = pd.DataFrame([row | {"difference": -0.04, "ci_low": -0.05, "ci_high": 0.01}])
    cells = "0.700 | 0.740 | 0.640 | -0.040 [-0.050, +0.010] | 60 % |"
    assert generalisation_table(table).splitlines()[2:] == [f"| single | `mope_half` | new (4) | {cells}"]


def test_any_table_joins_figures_with_their_intervals() -> None:
    table = pd.DataFrame(
        {
            "method": ["a|b"],
            "sound": [0.91234],
            "sound_low": [0.9],
            "sound_high": [1.0],
            "gap": [0.1],
            "ci_low": [0.05],
            "ci_high": [0.2],
            "n": [3],
            "nothing": [None],
        }
    )
    assert any_table(table).splitlines()[::2] == [
        "| method | sound | gap | n |",
        "| a\\|b | 0.912 [0.900, 1] | 0.100 [0.050, 0.200] | 3 |",
    ]
