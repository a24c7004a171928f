"""Intervals and tests: bootstrap over prompts and over prompts and seeds, Wilson, Holm, sign-flip permutation."""

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

LEVEL = 0.95
INTERVAL_COLUMNS = ("ci_low", "ci_high", "prompts_low", "prompts_high")


def resample_weights(n_prompts: int, resamples: int, seed: int) -> np.ndarray:
    """How often every prompt occurs in every resample: (resamples, n_prompts) float64 of whole numbers.

    Everything that belongs to a prompt moves with it, and statistics of several methods computed with the same weights
    are paired.
    """
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_prompts, np.full(n_prompts, 1 / n_prompts), size=resamples).astype(np.float64)


def ratios(weights: np.ndarray, numerators: np.ndarray, denominators: np.ndarray) -> np.ndarray:
    """Resampled ratios of sums: (resamples, P), two times (P, k) -> (resamples, k); NaN where nothing was counted.

    Sums of whole and half numbers are exact in float64, so the result does not depend on the BLAS or its threads.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weights @ numerators) / (weights @ denominators)


def seed_weights(n_seeds: int, resamples: int, seed: int) -> np.ndarray:
    """How often every seed of a training occurs in every resample: (resamples, n_seeds) float64 of whole numbers.

    n - 1 seeds are drawn with replacement (Rao and Wu 1988), because n draws would show only the share (n - 1)/n of the
    variance between n seeds, two thirds for three. A single seed always occurs.
    """
    rng, draws = np.random.default_rng([seed, n_seeds]), max(1, n_seeds - 1)
    return rng.multinomial(draws, np.full(n_seeds, 1 / n_seeds), size=resamples).astype(np.float64)


def crossed_ratios(
    weights: np.ndarray, seeds: np.ndarray, numerators: np.ndarray, denominators: np.ndarray
) -> np.ndarray:
    """Resampled ratios of sums, prompts and seeds both resampled: the pigeonhole bootstrap (Owen 2007).

    (resamples, P), (resamples, S), two times (P, k, S) -> (resamples, k). An answer counts as often as its prompt was
    drawn times as often as its seed was. With few seeds the interval reaches about from the worst to the best of them.
    """

    def resampled(sums: np.ndarray) -> np.ndarray:
        return sum((weights @ sums[..., s]) * seeds[:, s, None] for s in range(seeds.shape[1]))

    with np.errstate(invalid="ignore", divide="ignore"):
        return resampled(numerators) / resampled(denominators)


def percentile_interval(resampled: np.ndarray, n_prompts: int, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Expanded percentile interval along axis 0 (Hesterberg 2015, section 5).

    The plain percentile interval of n clusters is too narrow by sqrt((n-1)/n) and takes a normal quantile where a t
    quantile is due; the expanded one moves the percentiles outwards by both.
    """
    if n_prompts < 2:
        nothing = np.full(resampled.shape[1:], np.nan)
        return nothing, nothing
    tail = stats.norm.cdf(-np.sqrt(n_prompts / (n_prompts - 1)) * stats.t.ppf((1 + level) / 2, n_prompts - 1))
    low, high = np.quantile(resampled, [tail, 1 - tail], axis=0)
    return low, high


def both_intervals(crossed: np.ndarray, alone: np.ndarray, n_prompts: int) -> dict[str, np.ndarray]:
    """Columns `INTERVAL_COLUMNS` from resampled statistics: over prompts and seeds, then over prompts alone."""
    outer = percentile_interval(crossed, n_prompts)
    inner = outer if crossed is alone else percentile_interval(alone, n_prompts)
    return dict(zip(INTERVAL_COLUMNS, (*outer, *inner), strict=True))


def wilson(successes: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Wilson interval of a share; half successes are allowed (a tie is half a win)."""
    low, high = proportion_confint(successes, n, alpha=1 - level, method="wilson")
    return float(low), float(high)


def holm(p_values: list[float]) -> list[float]:
    """Holm-corrected p-values, in the order given."""
    return list(multipletests(p_values, method="holm")[1]) if p_values else []


def sign_flip_p(differences: np.ndarray, resamples: int, seed: int) -> tuple[float, bool]:
    """Two-sided p-value of "the mean of the prompts' differences is 0" by flipping signs of whole prompts.

    With it whether it is only an upper bound: the smallest that so many random flips can give, 2 / (resamples + 1). Of
    few prompts all flips are made, and the value is exact.
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
