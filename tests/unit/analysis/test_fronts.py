"""Hypervolume, mean inner product and their intervals: by hand, by Monte Carlo, by a bootstrap written out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mope.analysis.fronts import front_tables, hypervolume, mean_inner_product
from mope.methods.weight_grid import weight_grid

XI, OPPOSITE = "A-B", "C-D"


def volume(*points: tuple[float, ...]) -> float:
    return float(hypervolume(np.array(points), np.zeros(())))


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(0.5,)], 0.5),
        ([(0.5, 0.4)], 0.2),
        ([(1.0, 0.5), (0.5, 1.0)], 0.75),  # two rectangles of 0.5 that share 0.25
        ([(1.0, 0.5), (0.5, 1.0), (0.5, 0.5), (1.0, 0.5)], 0.75),  # one is dominated, one is there twice
        ([(1.0, 0.5), (1.0, 0.25)], 0.5),  # equal in one dimension
        ([(0.0, 1.0)], 0.0),
        ([(1.0, 0.5, 0.5), (0.5, 1.0, 0.5), (0.5, 0.5, 1.0)], 0.5),  # 3 · 0.25 - 2 · 0.125
        ([(0.5, 0.5, 0.5, 0.5)], 0.0625),
    ],
)  # fmt: skip
def test_hypervolumes_by_hand(points: list[tuple[float, ...]], expected: float) -> None:
    assert volume(*points) == pytest.approx(expected)


SHAPE = st.tuples(st.integers(1, 8), st.integers(1, 4))


@settings(max_examples=40)
@given(SHAPE, st.integers(0, 2**32 - 1), st.booleans())
def test_hypervolume_is_the_share_of_what_is_dominated(shape: tuple[int, int], seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    points = rng.random(shape).round(1 if ties else 9)
    drawn = rng.random((20_000, shape[1]))
    share = (drawn[:, None] <= points).all(axis=2).any(axis=1).mean()
    found = volume(*points)
    assert found == pytest.approx(share, abs=0.02)
    assert volume(*rng.permutation(points)) == pytest.approx(found, abs=1e-12)
    assert volume(*points, points.min(axis=0)) == pytest.approx(found, abs=1e-12)
    assert volume(*points, rng.random(shape[1])) >= found - 1e-12


def test_many_fronts_at_once_are_measured_one_by_one() -> None:
    rewards = np.random.default_rng(0).random((3, 2, 5, 3))
    found = hypervolume(rewards, np.zeros(()))
    assert found.shape == (3, 2) and found[2, 1] == pytest.approx(volume(*rewards[2, 1]))


def test_mean_inner_product_by_hand() -> None:
    grid = np.array([(1.0, 0.0), (0.5, 0.5), (0.0, 1.0)])
    rewards = np.array([(0.9, 0.1), (0.6, 0.4), (0.2, 0.8)])
    assert mean_inner_product(rewards, grid) == pytest.approx((0.9 + 0.5 + 0.8) / 3)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_equal_rewards_are_their_own_mean_inner_product(seed: int, reward: float) -> None:
    grid = np.array(weight_grid(3, 0.25))
    assert mean_inner_product(np.full((15, 3), reward), grid) == pytest.approx(reward)
    rewards = np.random.default_rng(seed).random((15, 3))
    brute = sum(float(w @ r) for w, r in zip(grid, rewards, strict=True)) / 15
    assert mean_inner_product(rewards, grid) == pytest.approx(brute)


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    """Two methods, the first with two seeds; 10 prompts under two combinations at 3 points; rows in a random order."""
    rng = np.random.default_rng(1)
    rows = [
        (
            "k",
            method,
            seed,
            f"q{q}",
            xi,
            point,
            preference,
            0.4 + 0.1 * seed + 0.2 * (method == "a") + rng.normal(0, 0.1),
        )
        for method, seeds in (("b", (0,)), ("a", (0, 1)))
        for seed in seeds
        for q in range(10)
        for xi in (XI, OPPOSITE)
        for point in range(3)
        for preference in xi.split("-")
    ]
    columns = ["set", "method", "seed", "prompt_id", "combination", "point", "preference", "bt_reward"]
    return pd.DataFrame(rows, columns=columns).sample(frac=1, random_state=0)


@pytest.fixture(scope="module")
def tables(scores: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return front_tables(scores, methods=["a", "b"], step=0.5, resamples=2000, seed=3)


GRID = np.array([(1.0, 0.0), (0.5, 0.5), (0.0, 1.0)])


def rewards_of(scores: pd.DataFrame, method: str, seed: int, xi: str) -> np.ndarray:
    own = scores.query("method == @method and seed == @seed and combination == @xi")
    return own.pivot_table(index="point", columns="preference", values="bt_reward").to_numpy()


def test_values_are_means_over_seeds_and_combinations(scores: pd.DataFrame, tables: tuple) -> None:
    table = tables[0].set_index(["combination", "measure", "method"])
    for measure, of in (("hypervolume", hypervolume), ("mean_inner_product", mean_inner_product)):
        for method, seeds in (("a", (0, 1)), ("b", (0,))):
            by_seed = np.array([[of(rewards_of(scores, method, s, xi), GRID) for xi in (XI, OPPOSITE)] for s in seeds])
            assert table.value[XI, measure, method] == pytest.approx(by_seed[:, 0].mean())
            assert table.value["all", measure, method] == pytest.approx(by_seed.mean())
            assert table.seeds["all", measure, method] == len(seeds)
        spread = abs(
            np.diff([np.mean([of(rewards_of(scores, "a", s, xi), GRID) for xi in (XI, OPPOSITE)]) for s in (0, 1)])
        )
        assert table.seed_std["all", measure, "a"] == pytest.approx(spread[0] / 2**0.5)
        lead = table.value["all", measure, "a"] - table.value["all", measure, "b"]
        assert table.lead["all", measure, "b"] == pytest.approx(lead) and np.isnan(table.lead["all", measure, "a"])
        assert table.lead_low["all", measure, "b"] < lead < table.lead_high["all", measure, "b"]
    assert list(tables[0].combination.unique()) == ["all", *dict.fromkeys(scores.combination)]
    assert list(tables[0].method[:2]) == ["a", "b"]


def test_intervals_are_over_prompts_and_seeds(scores: pd.DataFrame, tables: tuple) -> None:
    table = tables[0].set_index(["combination", "measure", "method"])
    own = scores.query("method == 'a' and combination == @XI").sort_values(["seed", "prompt_id", "point", "preference"])
    cells, rng, draws = own.bt_reward.to_numpy().reshape(2, 10, 3, 2), np.random.default_rng(5), []
    for _ in range(2000):  # one of two seeds, ten of ten prompts
        draws.append(volume(*cells[rng.integers(2), rng.integers(10, size=10)].mean(axis=0)))
    low, high = np.quantile(draws, [0.025, 0.975])
    found = table.loc[(XI, "hypervolume", "a")]
    assert (found.ci_low, found.ci_high) == pytest.approx((low, high), abs=0.025)
    assert high - low > 0.05


def test_the_points_hold_weights_and_mean_rewards(scores: pd.DataFrame, tables: tuple) -> None:
    points = tables[1].set_index(["method", "combination", "point", "preference"])
    means = scores.groupby(["method", "combination", "point", "preference"]).bt_reward.mean()
    assert points.bt_reward.to_dict() == pytest.approx(means.to_dict())
    assert points.weight["a", XI, 0, "A"] == 1 and points.weight["b", OPPOSITE, 1, "D"] == 0.5
    assert (points.ci_low < points.bt_reward).all() and (points.bt_reward < points.ci_high).all()
    assert list(dict.fromkeys(tables[1].method)) == ["a", "b"]


def test_a_reward_that_is_missing_is_no_mean_of_the_others(scores: pd.DataFrame) -> None:
    with pytest.raises(KeyError):
        front_tables(scores.iloc[1:], methods=["a", "b"], step=0.5, resamples=100, seed=3)
