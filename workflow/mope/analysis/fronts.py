"""Graded preferences as fronts: rewards at every weight of a grid, their hypervolume and mean inner product."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import moocore
import numpy as np
import pandas as pd

from mope.analysis.intervals import percentile_interval, resample_weights, seed_weights
from mope.methods.weight_grid import weight_grid
from mope.preferences import members_of

WORST = 0.0  # of a Bradley-Terry reward: the reference point of the hypervolume
ALL = "all"  # combinations, in rows that are means over them
FRONT_COLUMNS = "set combination method measure value ci_low ci_high seed_std lead lead_low lead_high seeds".split()
POINT_COLUMNS = "set combination method point preference weight bt_reward ci_low ci_high".split()


def hypervolume(rewards: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Volume between the reference point `WORST` and the points of a front (Zitzler and Thiele 1998).

    A vector of rewards belongs to it if some point is at least as good in every dimension. Shape (...) from rewards
    (..., points, k); in [0, 1] for rewards in [0, 1]. The weights `grid` are not used: all measures take the same
    arguments. The value is exact in any number of dimensions.
    """
    volume = moocore.Hypervolume(ref=np.full(rewards.shape[-1], WORST), maximise=True)
    fronts = rewards.reshape(-1, *rewards.shape[-2:])
    return np.array([volume(front) for front in fronts]).reshape(rewards.shape[:-2])


def mean_inner_product(rewards: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Mean over the points w of w · r(w) (PARM, arXiv 2505.06274): (...) from (..., points, k) rewards.

    `grid` (points, k) holds the weights w.
    """
    return (rewards * grid).sum(axis=-1).mean(axis=-1)


FRONT_MEASURES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "hypervolume": hypervolume,
    "mean_inner_product": mean_inner_product,
}
# measure -> (method, combination) -> its values: one for each seed (seeds,), one for each resample (resamples,)
Measured = dict[str, dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]]


@dataclass(frozen=True)
class Front:
    """Mean rewards of a method under one combination: (seeds, points, k), and (resamples, seeds, points, k) of them.

    `shares` (resamples, seeds): the weight of each training seed in each resample.
    """

    rewards: np.ndarray
    resampled: np.ndarray
    shares: np.ndarray
    prompts: int

    def measured(self, measure: str, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A measure of each seed's front (seeds,), and its mean over seeds in each resample (resamples,)."""
        of = FRONT_MEASURES[measure]
        return of(self.rewards, grid), (of(self.resampled, grid) * self.shares).sum(axis=1)


def front_of(scores: pd.DataFrame, combination: str, resamples: int, seed: int) -> Front:
    """The front of the scores of one method under `combination`; the bootstrap is over prompts and training seeds."""
    keys = {name: sorted(scores[name].unique()) for name in ("seed", "prompt_id", "point")}
    members = members_of(combination)
    index = pd.MultiIndex.from_product([*keys.values(), members])
    cells = scores.set_index([*keys, "preference"]).bt_reward.loc[index].to_numpy()
    cells = cells.reshape(*map(len, keys.values()), len(members))
    seeds, prompts = cells.shape[:2]
    drawn = resample_weights(prompts, resamples, seed) / prompts
    resampled = [(drawn @ own.reshape(prompts, -1)).reshape(resamples, *own.shape[1:]) for own in cells]
    shares = seed_weights(seeds, resamples, seed)
    shares /= shares.sum(axis=1, keepdims=True)
    return Front(cells.mean(axis=1), np.stack(resampled, axis=1), shares, prompts)


def front_tables(
    scores: pd.DataFrame, *, methods: list[str], step: float, resamples: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The measures of every front (columns `FRONT_COLUMNS`) and the rewards at its points (`POINT_COLUMNS`).

    `scores` are the score tables with columns set, method and point. Intervals are by bootstrap over prompts and
    training seeds; `seed_std` is between the seeds of what was trained (NaN for one). `lead` is the value of the first
    of `methods` minus the row's, paired on the same resamples. Rows of combination `ALL` are means over combinations.
    """
    measured, points = [], []
    for name, table in scores.groupby("set", sort=False):
        combinations = list(dict.fromkeys(table.combination))
        grid = np.array(weight_grid(len(members_of(combinations[0])), step))
        found: Measured = {measure: {} for measure in FRONT_MEASURES}
        for method, xi in product(methods, combinations):
            front = front_of(table[(table.method == method) & (table.combination == xi)], xi, resamples, seed)
            for measure, values in found.items():
                values[method, xi] = front.measured(measure, grid)
            points += [(name, xi, method, *row) for row in _point_rows(front, xi, grid)]
        cuts = ({ALL: combinations} if len(combinations) > 1 else {}) | {xi: [xi] for xi in combinations}
        for cut, members in cuts.items():
            measured += [(name, cut, *row) for row in _measure_rows(found, methods, members, table.prompt_id.nunique())]
    return pd.DataFrame(measured, columns=FRONT_COLUMNS), pd.DataFrame(points, columns=POINT_COLUMNS)


def _measure_rows(
    found: Measured, methods: list[str], combinations: list[str], prompts: int
) -> Iterator[tuple[object, ...]]:
    """Each method by each measure, as the mean over the combinations."""
    for measure, by_cell in found.items():
        of = {}
        for method in methods:
            values, draws = zip(*(by_cell[method, xi] for xi in combinations), strict=True)
            of[method] = np.mean(values, axis=0), np.mean(draws, axis=0)
        first_values, first_draws = of[methods[0]]
        for method, (values, draws) in of.items():
            spread = values.std(ddof=1) if len(values) > 1 else np.nan
            lead = [np.nan] * 3
            if method != methods[0]:
                interval = percentile_interval(first_draws - draws, prompts)
                lead = [first_values.mean() - values.mean(), *map(float, interval)]
            interval = map(float, percentile_interval(draws, prompts))
            yield method, measure, values.mean(), *interval, spread, *lead, len(values)


def _point_rows(front: Front, combination: str, grid: np.ndarray) -> Iterator[tuple[object, ...]]:
    means = front.rewards.mean(axis=0)
    low, high = percentile_interval((front.resampled * front.shares[..., None, None]).sum(axis=1), front.prompts)
    for point, weights in enumerate(grid):
        for place, preference in enumerate(members_of(combination)):
            at = (point, place)
            yield point, preference, weights[place], means[at], low[at], high[at]
