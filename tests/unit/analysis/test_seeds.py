"""Intervals over prompts and seeds: against literal resampling, in simulations, and from judgments."""

import numpy as np
import pandas as pd
import pytest

from mope.analysis.evaluation import evaluate
from mope.analysis.intervals import (
    INTERVAL_COLUMNS,
    both_intervals,
    crossed_ratios,
    percentile_interval,
    ratios,
    resample_weights,
    seed_weights,
)
from mope.analysis.win_rates import average_differences, average_win_rates, win_rates

WHOLE = "combination == preference == 'all'"


def test_one_seed_fewer_is_drawn_and_a_single_one_always() -> None:
    weights = seed_weights(3, 6000, seed=1)
    assert (weights.sum(axis=1) == 2).all() and set(np.unique(weights)) == {0, 1, 2}
    assert weights.mean(axis=0) == pytest.approx([2 / 3] * 3, abs=0.03)
    assert (seed_weights(1, 10, seed=1) == 1).all()
    assert np.array_equal(weights, seed_weights(3, 6000, seed=1))


@pytest.mark.parametrize("n_seeds", [2, 3, 5])
def test_the_variance_between_seeds_is_that_of_their_mean(n_seeds: int) -> None:
    values = np.random.default_rng(n_seeds).normal(size=n_seeds)
    weights = seed_weights(n_seeds, 200_000, seed=0)
    means = weights @ values / weights.sum(axis=1)
    assert means.var() == pytest.approx(values.var(ddof=1) / n_seeds, rel=0.02)


def test_crossed_ratios_equal_the_literal_bootstrap() -> None:
    rng = np.random.default_rng(0)
    points, total = rng.integers(0, 5, (12, 4, 3)) / 2, rng.integers(1, 4, (12, 4, 3))
    prompts, seeds = resample_weights(12, 40, seed=3), seed_weights(3, 40, seed=3)
    found = crossed_ratios(prompts, seeds, points, total)
    for r in range(40):
        chosen = np.ix_(
            np.repeat(np.arange(12), prompts[r].astype(int)), range(4), np.repeat(range(3), seeds[r].astype(int))
        )
        assert np.array_equal(found[r], points[chosen].sum(axis=(0, 2)) / total[chosen].sum(axis=(0, 2)))


def test_of_a_single_seed_both_bootstraps_are_one() -> None:
    points = np.random.default_rng(1).random((9, 2, 1))
    prompts = resample_weights(9, 30, seed=0)
    crossed = crossed_ratios(prompts, seed_weights(1, 30, seed=0), points, np.ones_like(points))
    assert np.allclose(crossed, ratios(prompts, points[..., 0], np.ones((9, 2))))


def test_coverage_with_three_seeds() -> None:
    """Trainings differ as much as means of prompts do: the interval over prompts alone misses the truth too often."""
    rng, simulations, n, s = np.random.default_rng(4), 1500, 50, 3
    prompt, seed = rng.normal(0, 0.5, (n, simulations, 1)), rng.normal(0, 0.1, (1, simulations, s))
    data = prompt + seed + rng.normal(0, 0.5, (n, simulations, s))  # of mean 0
    weights, ones = resample_weights(n, 1000, 0), np.ones_like(data)
    crossed = percentile_interval(crossed_ratios(weights, seed_weights(s, 1000, 0), data, ones), n)
    alone = percentile_interval(ratios(weights, data.sum(axis=-1), ones.sum(axis=-1)), n)
    held = [np.mean((low <= 0) & (high >= 0)) for low, high in (crossed, alone)]
    assert held[0] > 0.92 and held[1] < 0.9


def brute_force(judgments: pd.DataFrame, e, pair: int) -> np.ndarray:
    """Win rates of `a` in every resample, by picking the rows of each drawn prompt and seed."""
    table = e.table[(e.table.preference == "all") & (e.table.a == e.counts.pairs[pair][0])]
    table = table[table.b == e.counts.pairs[pair][1]]
    cells = {key: group.outcome.to_numpy() for key, group in table.groupby(["prompt_id", "seed_b"])}
    found = []
    for prompts, seeds in zip(e.weights, e.seed_weights[3], strict=True):
        picked = [
            np.tile(cells[prompt, s], int(prompts[i] * seeds[s]))
            for i, prompt in enumerate(e.counts.prompts)
            for s in range(3)
        ]
        found.append(np.concatenate(picked).mean())
    return np.array(found)


def test_win_rates_of_judgments_by_brute_force(run, tokens) -> None:  # noqa: ANN001
    judgments, responses = run
    e = evaluate("single", "rubric", list(responses), judgments, resamples=60, seed=1, max_unparsed=0)
    crossed, alone = e.resampled(0)
    for pair, (a, b) in enumerate(e.counts.pairs):
        if b == "mope":
            assert e.counts.n_seeds[pair] == 3
            assert np.allclose(crossed[:, pair], brute_force(judgments[a, b], e, pair))
        else:
            assert e.counts.n_seeds[pair] == 1 and np.array_equal(crossed[:, pair], alone[:, pair])
    table = win_rates(e, []).query(WHOLE).set_index(["method", "opponent"])
    mod = e.counts.pairs.index(("mod", "mope"))
    bounds = both_intervals(crossed, alone, len(e.counts.prompts))
    assert table.loc[("mod", "mope"), list(INTERVAL_COLUMNS)].tolist() == [
        bounds[name][mod] for name in INTERVAL_COLUMNS
    ]
    assert table.loc[("mope", "mod"), "prompts_low"] == pytest.approx(1 - bounds["prompts_high"][mod])
    untrained = table[~table.index.to_frame().eq("mope").any(axis=1)]
    assert (untrained.ci_low == untrained.prompts_low).all() and (untrained.ci_high == untrained.prompts_high).all()
    averages = average_win_rates(e, tokens).set_index("method")
    gaps = average_differences(e).set_index(["method", "opponent"])
    mope = [e.counts.pairs.index((m, "mope")) for m in responses if m != "mope"]
    low, _ = percentile_interval(1 - crossed[:, mope].mean(axis=1), len(e.counts.prompts))
    assert averages.loc["mope", "ci_low"] == pytest.approx(low)
    assert gaps.loc[("mope", "mod"), "prompts_low"] == pytest.approx(-gaps.loc[("mod", "mope"), "prompts_high"])


def paired_run(effects: tuple[float, ...], n_prompts: int = 40) -> dict:
    """An ablation against the whole method, seeds paired; `effects`: by seed the chance that the ablation wins."""
    rng, rows = np.random.default_rng(3), []
    for i in range(n_prompts):
        for s, chance in enumerate(effects):
            verdict = "a" if rng.random() < chance else "b"
            rows += [(f"q{i:02d}", "P1A", "P1A", order, verdict, "raw", s, s) for order in ("ab", "ba")]
    columns = "prompt_id combination preference order verdict raw seed_a seed_b".split()
    return {("mope_raw", "mope"): pd.DataFrame(rows, columns=columns)}


@pytest.mark.parametrize("effects,decided", [((0.7, 0.7, 0.7), True), ((0.95, 0.7, 0.45), False)])
def test_an_ablation_whose_seeds_disagree_is_undecided(effects: tuple[float, ...], decided: bool) -> None:
    """Prompts alone decide both, 70 % against 50; of the second the seeds scatter widely around that."""
    options = {"resamples": 2000, "seed": 1, "max_unparsed": 0}
    e = evaluate("own", "rubric", ["mope_raw", "mope"], paired_run(effects), **options)
    row = win_rates(e, []).query(WHOLE).query("method == 'mope_raw'").iloc[0]
    assert row.prompts_low > 0.5 and (row.ci_low > 0.5) == decided


def test_other_numbers_of_seeds_in_one_set(run) -> None:  # noqa: ANN001
    """A method of two seeds beside one of three: each pair has draws of as many seeds as it has."""
    judgments, responses = run
    some = {
        pair: t[~((pair[0] == "mod") & (t.seed_b == 2))] if "mod" in pair else t
        for pair, t in judgments.items() if pair in {("mod", "mope"), ("vanilla", "mope"), ("vanilla", "mod")}
    }  # fmt: skip
    e = evaluate("single", "rubric", ["vanilla", "mod", "mope"], some, resamples=50, seed=1, max_unparsed=0)
    assert dict(zip(e.counts.pairs, e.counts.n_seeds.tolist())) == {
        ("vanilla", "mod"): 1, ("vanilla", "mope"): 3, ("mod", "mope"): 2,
    }  # fmt: skip
    assert set(e.seed_weights) == {2, 3} and np.isfinite(e.resampled(0)[0]).all()
