"""Intervals and tests: bootstrap over prompts and over prompts and seeds, Wilson, Holm, sign-flip permutation."""

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

LEVEL = 0.95
INTERVAL_COLUMNS = ("ci_low", "ci_high", "prompts_low", "prompts_high")


def resample_weights(n_prompts: int, resamples: int, seed: int) -> np.ndarray:
    """How often each prompt occurs in each resample: (resamples, n_prompts) float64, whole numbers.

    The bootstrap is clustered: a prompt is drawn with all that belongs to it. Statistics of several methods that are
    computed with the same weights are paired.
    """
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_prompts, np.full(n_prompts, 1 / n_prompts), size=resamples).astype(np.float64)


def ratios(weights: np.ndarray, numerators: np.ndarray, denominators: np.ndarray) -> np.ndarray:
    """Resampled ratios of sums over P prompts, (resamples, k); NaN where a denominator is 0.

    `weights` is (resamples, P), `numerators` and `denominators` are (P, k). Sums of whole and half numbers are exact in
    float64, so the result does not depend on the BLAS or its threads.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weights @ numerators) / (weights @ denominators)


def seed_weights(n_seeds: int, resamples: int, seed: int) -> np.ndarray:
    """How often each training seed occurs in each resample: (resamples, n_seeds) float64, whole numbers.

    Of n seeds n - 1 are drawn with replacement (Rao and Wu 1988): n draws would show only the share (n - 1)/n of the
    variance between seeds, two thirds of it for three. A single seed occurs once in every resample.
    """
    rng, draws = np.random.default_rng([seed, n_seeds]), max(1, n_seeds - 1)
    return rng.multinomial(draws, np.full(n_seeds, 1 / n_seeds), size=resamples).astype(np.float64)


def crossed_ratios(
    weights: np.ndarray, seeds: np.ndarray, numerators: np.ndarray, denominators: np.ndarray
) -> np.ndarray:
    """Ratios of sums with prompts and seeds both resampled, (resamples, k): the pigeonhole bootstrap (Owen 2007).

    `weights` is (resamples, P), `seeds` is (resamples, S), `numerators` and `denominators` are (P, k, S). An answer's
    weight is that of its prompt times that of its seed. With few seeds the interval spans about the worst to the best.
    """

    def resampled(sums: np.ndarray) -> np.ndarray:
        return sum((weights @ sums[..., s]) * seeds[:, s, None] for s in range(seeds.shape[1]))

    with np.errstate(invalid="ignore", divide="ignore"):
        return resampled(numerators) / resampled(denominators)


def percentile_interval(resampled: np.ndarray, n_prompts: int, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Expanded percentile interval along axis 0 (Hesterberg 2015, section 5): low and high, (k,) from (resamples, k).

    The plain percentile interval of n clusters is too narrow by sqrt((n-1)/n) and uses a normal quantile in place of a
    t quantile; the expanded one moves the percentiles outwards to correct both. NaN for fewer than two prompts.
    """
    if n_prompts < 2:
        nothing = np.full(resampled.shape[1:], np.nan)
        return nothing, nothing
    tail = stats.norm.cdf(-np.sqrt(n_prompts / (n_prompts - 1)) * stats.t.ppf((1 + level) / 2, n_prompts - 1))
    low, high = np.quantile(resampled, [tail, 1 - tail], axis=0)
    return low, high


def both_intervals(crossed: np.ndarray, alone: np.ndarray, n_prompts: int) -> dict[str, np.ndarray]:
    """`INTERVAL_COLUMNS`, (k,) each, from statistics (resamples, k) over prompts and seeds, and over prompts alone."""
    outer = percentile_interval(crossed, n_prompts)
    inner = outer if crossed is alone else percentile_interval(alone, n_prompts)
    return dict(zip(INTERVAL_COLUMNS, (*outer, *inner), strict=True))


def wilson(successes: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Wilson interval (low, high) of the share successes / n; successes may be halves (a tie is half a win)."""
    low, high = proportion_confint(successes, n, alpha=1 - level, method="wilson")
    return float(low), float(high)


def holm(p_values: list[float]) -> list[float]:
    """Holm-corrected p-values, in the order given."""
    return list(multipletests(p_values, method="holm")[1]) if p_values else []


def sign_flip_p(differences: np.ndarray, resamples: int, seed: int) -> tuple[float, bool]:
    """Two-sided p-value of "the mean difference is 0" by flipping the signs of whole prompts; and if it is a bound.

    `differences` is (prompts,). With few prompts all flips are made and the value is exact; else `resamples` of them
    are drawn. Drawn flips give an upper bound only where the p-value is the smallest possible, 2 / (resamples + 1).
    """
    if not np.any(differences):
        return 1.0, False
    test = stats.permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, 2_000_000 // len(differences)),
        rng=np.random.default_rng(seed),
    )
    drawn = 2.0 ** len(differences) > resamples
    return float(test.pvalue), drawn and bool(np.isclose(test.pvalue, 2 / (resamples + 1)))
