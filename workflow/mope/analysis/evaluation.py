"""Outcomes of all pairs of methods on one evaluation set, by one judge or the reward models, and their resamples."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from mope.analysis.intervals import crossed_ratios, ratios, resample_weights, seed_weights
from mope.analysis.outcomes import Counts, check_unparsed, count, gather, outcomes
from mope.analysis.reward_outcomes import reward_outcomes
from mope.errors import MopeError
from mope.judging.judge_kinds import REWARD_MODELS


@dataclass(frozen=True)
class Evaluation:
    """One evaluation set under one judge: outcomes, counts, and the weights of the bootstrap's resamples."""

    set: str
    judge: str
    methods: list[str]
    rows: list[str]  # the methods with an average win rate: each was compared with each other one
    table: pd.DataFrame  # as `outcomes` returns it
    counts: Counts
    weights: np.ndarray  # (resamples, prompts)
    seed_weights: dict[int, np.ndarray]  # number of seeds, where more than one -> (resamples, seeds)
    seed: int

    def resampled(self, cell: int) -> tuple[np.ndarray, np.ndarray]:
        """Win rates in a cell, by resamples of prompts and seeds, and of prompts alone: (resamples, pairs) each.

        All pairs share the resamples of prompts, and pairs with the same number of seeds share those of seeds, so that
        differences are paired. Where no pair has several seeds, both results are the same array.
        """
        points, total = self.counts.points[:, cell], self.counts.total[:, cell]
        alone = ratios(self.weights, points.sum(axis=-1), total.sum(axis=-1))
        if not self.seed_weights:
            return alone, alone
        crossed = alone.copy()
        for number, seeds in self.seed_weights.items():
            own = self.counts.n_seeds == number
            sums = (x[:, own, :number] for x in (points, total))
            crossed[:, own] = crossed_ratios(self.weights, seeds, *sums)
        return crossed, alone


def evaluate(
    name: str,
    judge: str,
    methods: list[str],
    judgments: dict[tuple[str, str], pd.DataFrame],
    *,
    resamples: int,
    seed: int,
    max_unparsed: float,
    rows: list[str] | None = None,
) -> Evaluation:
    """Outcomes, counts and resamples of the evaluation set `name` under one judge.

    `judgments` holds one table for each pair of `rows` (None: of all `methods`), and may hold further pairs of
    `methods`. `MopeError` where a pair of `rows` has none, where a comparison was judged in one order only, or where
    more than the share `max_unparsed` of the judge's answers holds no verdict.
    """
    rows = methods if rows is None else rows
    absent = [pair for pair in combinations(rows, 2) if not {pair, pair[::-1]} & judgments.keys()]
    if absent:
        raise MopeError(
            f"{name}/{judge}: no judgments of {'--'.join(absent[0])}; every two of the tables' rows need some"
        )
    gathered = gather(judgments)
    check_unparsed(gathered, max_unparsed)
    table = outcomes(gathered)
    counts = count(table, list(judgments))
    weights = resample_weights(len(counts.prompts), resamples, seed)
    several = sorted(set(counts.n_seeds[counts.n_seeds > 1].tolist()))
    draws = {number: seed_weights(number, resamples, seed) for number in several}
    return Evaluation(name, judge, methods, rows, table, counts, weights, draws, seed)


def by_rewards(e: Evaluation, scores: pd.DataFrame) -> Evaluation:
    """The same comparisons and resamples, decided by the reward models; `scores` are those of this evaluation set.

    `MopeError` where a judged answer has no reward.
    """
    table = reward_outcomes(e.table, scores)
    return replace(e, judge=REWARD_MODELS, table=table, counts=count(table, e.counts.pairs))
