"""Win rates at equal length, for preferences that are not themselves about length."""

import warnings
from collections.abc import Collection

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.special import expit
from scipy.stats import norm

from mope.analysis.intervals import LEVEL

LENGTH_COLUMNS = (
    "set judge preference method opponent win_rate length_controlled ci_low ci_high n mean_difference".split()
)
IDENTIFIED = 10.0  # largest coefficient or standard error of a fit that the data determine (beyond it: separation)


def at_equal_length(outcomes: np.ndarray, differences: np.ndarray, groups: np.ndarray) -> tuple[float, float, float]:
    """Win rate at length difference 0 and its 95 % interval, by logistic regression on the scaled length difference.

    `outcomes` are in {0, 0.5, 1}, `differences` in tokens; `groups` are the prompts, over which errors are clustered;
    all (n,). NaN where the data do not determine it: all outcomes equal, a single prompt, or outcomes separated by
    length.
    """
    nothing = (np.nan, np.nan, np.nan)
    spread = np.std(differences)
    if len(set(outcomes)) < 2 or len(set(groups)) < 2:
        return nothing
    columns = [np.ones_like(outcomes)] + ([differences / spread] if spread > 0 else [])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # separation is recognised below
        fit = sm.GLM(outcomes, np.column_stack(columns), family=sm.families.Binomial()).fit(
            cov_type="cluster", cov_kwds={"groups": groups}
        )
    middle, error = fit.params[0], fit.bse[0]
    if not fit.converged or not np.isfinite(error) or error > IDENTIFIED or np.abs(fit.params).max() > IDENTIFIED:
        return nothing
    half = norm.ppf((1 + LEVEL) / 2) * error
    return tuple(float(x) for x in expit([middle, middle - half, middle + half]))


def with_lengths(outcomes: pd.DataFrame, tokens: pd.DataFrame) -> pd.DataFrame:
    """Outcomes with a column `difference`: length of a's answer minus that of b's, in tokens.

    `tokens` has the columns method, prompt_id, combination, seed and n_tokens.
    """
    keys = ["prompt_id", "combination"]
    for side in ("a", "b"):
        lengths = tokens[["method", *keys, "seed", "n_tokens"]]
        lengths = lengths.rename(columns={"method": side, "seed": f"seed_{side}", "n_tokens": f"tokens_{side}"})
        outcomes = outcomes.merge(lengths, on=[side, *keys, f"seed_{side}"], how="left", validate="many_to_one")
    return outcomes.assign(difference=outcomes["tokens_a"] - outcomes["tokens_b"])


def length_controlled(
    name: str, judge: str, outcomes: pd.DataFrame, tokens: pd.DataFrame, about_length: Collection[str] = ()
) -> pd.DataFrame:
    """Two rows per preference and pair, one for either direction (columns `LENGTH_COLUMNS`).

    `mean_difference` is in tokens, method minus opponent. Preferences in `about_length`, which ask for more or less
    text, are left out.
    """
    table = with_lengths(outcomes, tokens).dropna(subset=["outcome"])
    table = table[~table["preference"].isin(["all", *about_length])]
    rows = []
    for (preference, a, b), group in table.groupby(["preference", "a", "b"], sort=False):
        outcome, difference = group["outcome"].to_numpy(float), group["difference"].to_numpy(float)
        rate, low, high = at_equal_length(outcome, difference, pd.factorize(group["prompt_id"])[0])
        mean, n, gap = outcome.mean(), len(group), difference.mean()
        rows.append((name, judge, preference, a, b, mean, rate, low, high, n, gap))
        rows.append((name, judge, preference, b, a, 1 - mean, 1 - rate, 1 - high, 1 - low, n, -gap))
    return pd.DataFrame(rows, columns=LENGTH_COLUMNS).sort_values(
        ["preference", "method", "opponent"], ignore_index=True
    )
