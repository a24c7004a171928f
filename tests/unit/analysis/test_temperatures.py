"""Rewards and win rates by temperature, against sums by hand and a bootstrap written out."""

import numpy as np
import pandas as pd
import pytest

from mope.analysis.temperatures import rewards_by_temperature, win_rates_by_temperature

ROWS = {
    "mope": {"method": "mope", "temperature": 0.25},
    "mod": {"method": "mod", "temperature": 0.25},
    "mod_t1": {"method": "mod", "temperature": 1.0},
    "mope_t1": {"method": "mope", "temperature": 1.0},
}


@pytest.fixture
def scores() -> pd.DataFrame:
    """Two seeds of mope, one of mod; 12 prompts under two combinations, two preferences each; warm answers worse."""
    rng = np.random.default_rng(3)
    rows = [
        (method, seed, f"q{q:02d}", xi, 0.5 - 0.2 * (about["temperature"] == 1) + 0.1 * seed + rng.normal(0, 0.05))
        for method, about in ROWS.items()
        for seed in ((0, 1) if about["method"] == "mope" else (0,))
        for q in range(12)
        for xi in ("X", "X", "Y", "Y")
    ]
    table = pd.DataFrame(rows, columns=["method", "seed", "prompt_id", "combination", "bt_reward"])
    other = pd.DataFrame([("vanilla", 0, "q00", "X", 9.0)], columns=table.columns)
    return pd.concat([table, other]).assign(set="k")


def test_means_and_changes_are_those_by_hand(scores: pd.DataFrame) -> None:
    table = rewards_by_temperature(scores, ROWS, resamples=200, seed=0).set_index("row")
    assert list(table.index) == ["mope", "mope_t1", "mod", "mod_t1"]
    mean = scores.groupby("method").bt_reward.mean()  # every prompt, combination and seed has as many rows
    for row, about in ROWS.items():
        assert table.bt_reward[row] == pytest.approx(mean[row])
        assert table.change[row] == pytest.approx(mean[row] - mean[about["method"]])
    assert table.n_answers["mope"] == 2 * 12 * 2 and table.seeds["mod"] == 1
    assert (table.change_high[["mope_t1", "mod_t1"]] < 0).all()
    assert table.change_low["mod"] == table.change_high["mod"] == 0


def test_intervals_are_over_prompts_and_seeds(scores: pd.DataFrame) -> None:
    table = rewards_by_temperature(scores, ROWS, resamples=4000, seed=0).set_index("row")
    cells = scores[scores.method == "mope"].pivot_table(index="seed", columns="prompt_id", values="bt_reward")
    rng, draws = np.random.default_rng(1), []
    for _ in range(4000):
        seed, prompts = rng.integers(2), rng.integers(12, size=12)  # n - 1 seeds, n prompts
        draws.append(cells.to_numpy()[seed, prompts].mean())
    low, high = np.quantile(draws, [0.025, 0.975])
    assert table.ci_low["mope"] == pytest.approx(low, abs=0.01)
    assert table.ci_high["mope"] == pytest.approx(high, abs=0.01)
    assert high - low > 0.09  # the seeds are 0.1 apart; prompts alone give 0.03


def test_win_rates_are_those_of_mope_at_equal_temperature() -> None:
    shared = {"set": "k", "judge": "j", "ci_low": 0.4, "ci_high": 0.9, "seed_std": None}
    found = [
        ("mope_t1", "mod_t1", 0.6),
        ("mod_t1", "mope_t1", 0.4),
        ("mope", "mod", 0.8),
        ("mod", "mope", 0.2),
        ("mope_t1", "mope", 0.3),
        ("mope", "mope_t1", 0.7),
        ("mope", "vanilla", 0.9),
    ]
    pairs = pd.DataFrame([shared | {"method": m, "opponent": o, "win_rate": r} for m, o, r in found])
    table = win_rates_by_temperature(pairs, ROWS)
    assert table[["opponent", "temperature", "win_rate"]].to_numpy().tolist() == [["mod", 0.25, 0.8], ["mod", 1.0, 0.6]]
