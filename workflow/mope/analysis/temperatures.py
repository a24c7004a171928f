"""Methods at several temperatures: their mean rewards, and MoPE's win rates against the others at each of them."""

import numpy as np
import pandas as pd

from mope.analysis.intervals import percentile_interval, resample_weights
from mope.methods.names import FOCUS

TEMPERATURE_COLUMNS = (
    "set method temperature row seeds bt_reward ci_low ci_high change change_low change_high n_answers".split()
)
TEMPERATURE_PAIR_COLUMNS = "set judge temperature opponent win_rate ci_low ci_high seed_std".split()


def rewards_by_temperature(scores: pd.DataFrame, rows: dict[str, dict], resamples: int, seed: int) -> pd.DataFrame:
    """Mean Bradley-Terry reward (paper eq. 2) of each method at each temperature (columns `TEMPERATURE_COLUMNS`).

    `scores` are the score tables with columns set and method. `rows` maps each row of the method table to the `method`
    that it varies and its `temperature`. Intervals are by bootstrap over prompts and training seeds. `change` is the
    reward minus that of the method's main row, at the common temperature, paired on the same resamples.
    """
    found = []
    for name, table in scores[scores.method.isin(rows)].groupby("set", sort=False):
        answers = table.groupby(["method", "seed", "prompt_id", "combination"]).bt_reward.mean()
        cells = answers.groupby(level=["method", "seed", "prompt_id"]).mean().unstack("prompt_id")
        draws = {row: _resampled_means(cells.loc[row].to_numpy(), resamples, seed) for row in rows}
        for row, about in rows.items():
            own, parent = cells.loc[row].to_numpy(), cells.loc[about["method"]].to_numpy()
            low, high = _interval(draws[row], own)
            change = _interval(draws[row] - draws[about["method"]], own)
            head = (name, about["method"], about["temperature"], row, len(own), own.mean(), low, high)
            found.append((*head, own.mean() - parent.mean(), *change, len(answers.loc[row])))
    return pd.DataFrame(found, columns=TEMPERATURE_COLUMNS).sort_values(
        ["set", "method", "temperature"], key=_as_given, ignore_index=True
    )


def win_rates_by_temperature(pairs: pd.DataFrame, rows: dict[str, dict]) -> pd.DataFrame:
    """MoPE's win rates against each other method, both at the same temperature; `pairs` is overall_win_rates.csv.

    `rows` as in `rewards_by_temperature`.
    """
    about = pd.DataFrame(rows).T
    both = pairs[pairs.method.isin(rows) & pairs.opponent.isin(rows)]
    method, temperature = about.method, about.temperature.astype(float)
    both = both.assign(
        focus=both.method.map(method),
        rival=both.opponent.map(method),
        temperature=both.method.map(temperature),
        same=both.method.map(temperature) == both.opponent.map(temperature),
    )
    both = both[both.same & (both.focus == FOCUS)].assign(opponent=both.rival)
    order = ["set", "judge", "opponent", "temperature"]
    return both[TEMPERATURE_PAIR_COLUMNS].sort_values(order, key=_as_given, ignore_index=True)


def _resampled_means(cells: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """The mean of (seeds, prompts) rewards in every resample of seeds and prompts: (resamples,)."""
    seeds, prompts = cells.shape
    by_prompt = resample_weights(prompts, resamples, seed)
    draws = max(1, seeds - 1)  # n - 1, because n draws would hide a part of the variance (Rao and Wu 1988)
    rng = np.random.default_rng([seed, seeds])
    by_seed = rng.multinomial(draws, np.full(seeds, 1 / seeds), size=resamples) / draws
    return ((by_seed @ cells) * by_prompt).sum(axis=1) / prompts


def _interval(draws: np.ndarray, cells: np.ndarray) -> tuple[float, float]:
    low, high = percentile_interval(draws, cells.shape[1])
    return float(low), float(high)


def _as_given(column: pd.Series) -> pd.Series:
    """Sort key: temperatures by value, names by their first occurrence."""
    return column if column.name == "temperature" else pd.Series(pd.factorize(column)[0], index=column.index)
