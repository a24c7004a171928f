"""Several runs in one table, and the spread of whole trainings against its equation solved otherwise."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from mope.analysis.studies import spread_of_runs, study_table

PROMPT_SD = 0.01


def tables(mope: float, mod: float, seeds: int = 1, seed_std: float | None = None, judge: str = "truth") -> dict:
    """What is kept of a run with three methods."""
    half = 1.959964 * PROMPT_SD
    rates = {"prompting": 0.3, "mod": mod, "mope": mope}
    averages = [
        {"set": "k", "judge": judge, "method": m, "average_win_rate": r, "ci_low": r - half, "ci_high": r + half}
        | {"seeds": seeds if m == "mope" else 1, "seed_std": seed_std if m == "mope" else None}
        for m, r in rates.items()
    ]
    pair = {"set": "k", "judge": judge, "method": "mope", "ci_low": 0.1, "ci_high": 0.2}
    return {
        "average_win_rates": pd.DataFrame(averages),
        "average_differences": pd.DataFrame([pair | {"opponent": "mod", "difference": mope - mod}]),
        "overall_win_rates": pd.DataFrame([pair | {"opponent": "prompting", "win_rate": 0.15}]),
        "mean_rewards": pd.DataFrame(
            {"set": "k", "method": ["mope", "mod", "prompting", "soup_sum"], "bt_reward": [0.7, 0.5, 0.6, 0.9]}
        ),
    }


def test_a_row_tells_both_views_of_a_run() -> None:
    runs = {"b": tables(0.7, 0.6), "a": tables(0.5, 0.6)}
    table = study_table(runs, {"a": 0.1, "b": 0.9, "missing": 0.5}, ["prompting"])
    assert list(table.run) == ["a", "b"] and list(table.label) == [0.1, 0.9]
    a, b = table.iloc[0], table.iloc[1]
    assert (a.rival, a.reward_rival) == ("mod", "prompting")
    assert (a.lead, b.lead, b.reward_lead) == pytest.approx((-0.1, 0.1, 0.1))
    assert (b.lead_low, b.against_prompting, b.against_prompting_high) == (0.1, 0.15, 0.2)


def test_what_a_run_did_not_keep_is_empty() -> None:
    only = {"average_win_rates": tables(0.7, 0.6)["average_win_rates"]}
    row = study_table({"a": only}, {"a": 7}, ["prompting"]).iloc[0]
    assert row.lead == pytest.approx(0.1)
    assert pd.isna(row[["lead_low", "against_prompting", "reward_lead"]]).all()


def test_judges_that_only_some_runs_have_are_kept_apart() -> None:
    old = tables(0.6, 0.5, judge="rubric")
    table = study_table({"a": old, "b": tables(0.7, 0.6), "c": tables(0.8, 0.6)}, {"a": 7, "b": 8, "c": 9}, [])
    assert list(spread_of_runs(table).judge) == ["truth"]


@settings(max_examples=40)
@given(st.lists(st.floats(0.3, 0.9), min_size=3, max_size=6), st.floats(0.0, 0.05))
def test_the_spread_of_trainings_solves_paule_and_mandels_equation(rates: list[float], seed_std: float) -> None:
    """Σ w (x − x̄)² = k − 1 with w = 1 / (variance + τ²); τ² = 0 where even that leaves less."""
    runs = {f"r{i}": tables(rate, 0.5, *((3, seed_std) if i == 0 else ())) for i, rate in enumerate(rates)}
    row = spread_of_runs(study_table(runs, {name: i for i, name in enumerate(runs)}, [])).iloc[0]
    x = np.array(rates)
    own = PROMPT_SD**2 + seed_std**2 / np.array([3, *[1] * (len(rates) - 1)])

    def excess(tau2: float) -> float:
        w = 1 / (own + tau2)
        return float((w * (x - (w @ x) / w.sum()) ** 2).sum()) - (len(x) - 1)

    tau2 = brentq(excess, 0, 1) if excess(0) > 0 else 0.0
    assert row.trainings == pytest.approx(np.sqrt(tau2), abs=2e-3)
    assert row.prompts == pytest.approx(PROMPT_SD, rel=1e-5)
    assert row.controllers == pytest.approx(seed_std)
    assert row.between_runs == pytest.approx(x.std(ddof=1))
    assert row.mean_low <= row["mean"] <= row.mean_high
    assert row.trainings_share == pytest.approx(tau2 / (tau2 + PROMPT_SD**2 + seed_std**2), abs=0.02)


def test_without_several_controllers_their_spread_is_unknown() -> None:
    table = study_table({"a": tables(0.6, 0.5), "b": tables(0.8, 0.5)}, {"a": 7, "b": 8}, [])
    row = spread_of_runs(table).iloc[0]
    assert pd.isna(row.controllers) and row.trainings == pytest.approx(np.sqrt(0.02 - PROMPT_SD**2), abs=1e-3)
    assert spread_of_runs(table.head(1)).empty


def test_the_part_of_the_prompts_comes_from_the_interval_over_prompts_alone() -> None:
    runs = {"a": tables(0.6, 0.5), "b": tables(0.8, 0.5)}
    for kept in runs.values():
        narrow = kept["average_win_rates"]
        wide = {"ci_low": narrow.ci_low - 0.2, "ci_high": narrow.ci_high + 0.2}
        kept["average_win_rates"] = narrow.assign(prompts_low=narrow.ci_low, prompts_high=narrow.ci_high, **wide)
    table = study_table(runs, {"a": 7, "b": 8}, [])
    assert spread_of_runs(table).prompts[0] == pytest.approx(PROMPT_SD, rel=1e-5)
