"""Intervals and tests against scipy, statsmodels, closed forms and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mope.analysis.intervals import holm, percentile_interval, ratios, resample_weights, sign_flip_p, wilson


def test_weights_are_resamples_with_replacement():
    weights = resample_weights(30, 4000, seed=1)
    assert (weights.sum(axis=1) == 30).all() and (weights == np.floor(weights)).all()
    assert weights.mean() == 1 and weights.var() == pytest.approx(29 / 30, rel=0.02)
    assert np.array_equal(weights, resample_weights(30, 4000, seed=1))


def test_ratios_equal_the_literal_bootstrap():
    rng = np.random.default_rng(0)
    points, total = rng.integers(0, 5, (12, 3)) / 2, rng.integers(1, 4, (12, 3))
    weights = resample_weights(12, 50, seed=3)
    for r in range(50):
        chosen = np.repeat(np.arange(12), weights[r].astype(int))
        expected = points[chosen].sum(axis=0) / total[chosen].sum(axis=0)
        assert np.array_equal(ratios(weights, points, total)[r], expected)


def test_interval_against_scipy_on_a_large_sample():
    rng = np.random.default_rng(0)
    sample = rng.random(400)
    found = percentile_interval(ratios(resample_weights(400, 20_000, 0), sample[:, None], np.ones((400, 1))), 400)
    theirs = stats.bootstrap((sample,), np.mean, n_resamples=20_000, rng=rng, method="percentile").confidence_interval
    assert np.ravel(found) == pytest.approx(theirs, abs=1e-3)


def test_one_prompt_has_no_interval():
    assert np.isnan(percentile_interval(np.ones((10, 2)), 1)).all()


@pytest.mark.parametrize("n_prompts,combinations,strength", [(50, 8, 0.0), (50, 8, 1.0), (50, 2, 0.5), (100, 4, -0.8)])
def test_coverage_on_clustered_data(n_prompts, combinations, strength):
    """95 % intervals of win rates hold the truth in 93 to 97 % of 1,500 data sets whose prompts share an effect."""
    rng = np.random.default_rng(n_prompts + combinations)
    simulations = 1500

    def outcomes(size):
        effect = strength + rng.normal(0, 0.8, (*size, 1))
        gap = effect + rng.normal(0, 1, (*size, combinations))
        return np.where(np.abs(gap) < 0.3, 0.5, gap > 0).sum(axis=-1)

    truth = outcomes((400_000,)).mean() / combinations
    points = outcomes((n_prompts, simulations))
    resampled = ratios(resample_weights(n_prompts, 1000, 0), points, np.full_like(points, combinations))
    low, high = percentile_interval(resampled, n_prompts)
    assert 0.93 <= np.mean((low <= truth) & (truth <= high)) <= 0.97


def test_coverage_of_paired_differences():
    """The same for the difference of two methods' win rates against a third, paired on the same resamples."""
    rng = np.random.default_rng(5)
    n, simulations = 50, 1500

    def draw(size):
        shared = rng.normal(0, 0.8, (*size, 1))
        gaps = (shared + s + rng.normal(0, 1, (*size, 8)) for s in (0.6, 0.2))
        return [(np.where(np.abs(g) < 0.3, 0.5, g > 0)).sum(axis=-1) for g in gaps]

    first, second = draw((400_000,))
    truth = (first.mean() - second.mean()) / 8
    weights, total = resample_weights(n, 1000, 0), np.full((n, simulations), 8.0)
    first, second = draw((n, simulations))
    low, high = percentile_interval(ratios(weights, first, total) - ratios(weights, second, total), n)
    assert 0.93 <= np.mean((low <= truth) & (truth <= high)) <= 0.97
    unpaired = ratios(resample_weights(n, 1000, 1), second, total)
    wide = percentile_interval(ratios(weights, first, total) - unpaired, n)
    assert np.mean(wide[1] - wide[0]) > 1.1 * np.mean(high - low)


def test_wilson_by_hand():
    z = stats.norm.ppf(0.975)
    p, n = 0.3, 20
    middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    expected = [(middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)]
    assert wilson(6, 20) == pytest.approx(expected)


@settings(max_examples=8)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_by_its_definition(p_values):
    order = np.argsort(p_values, kind="stable")
    corrected, running = np.empty(len(p_values)), 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = running
    assert holm(p_values) == pytest.approx(list(corrected))


def test_holm_of_nothing():
    assert holm([]) == []


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.45])
def test_sign_flips_agree_with_the_paired_t_test(shift):
    differences = np.random.default_rng(8).normal(shift, 1, 60)
    expected = stats.ttest_1samp(differences, 0).pvalue
    found, bound = sign_flip_p(differences, 20_000, seed=0)
    assert found == pytest.approx(expected, abs=0.02) and not bound


def test_sign_flips_are_exact_for_few_prompts():
    # All 2^4 sign patterns of four equal differences: the two extreme ones reach the observed mean.
    assert sign_flip_p(np.ones(4), 10_000, seed=0) == (pytest.approx(2 / 16), False)
    assert sign_flip_p(np.zeros(4), 10_000, seed=0) == (1, False)
    assert sign_flip_p(np.ones(60), 999, seed=0) == (pytest.approx(2 / 1000), True)  # no random flip reaches the mean


def test_size_of_the_test():
    rng = np.random.default_rng(2)
    rejected = [sign_flip_p(rng.integers(-3, 4, 50).astype(float), 400, seed=1)[0] < 0.05 for _ in range(1000)]
    assert 0.03 < np.mean(rejected) < 0.07
