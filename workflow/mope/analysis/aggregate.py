"""All tables of a run at once, from its judgments and responses."""

from collections.abc import Collection
from itertools import combinations
from pathlib import Path

import pandas as pd

from mope.analysis.agreement import agreement, judge_values, reward_values, swap_consistency
from mope.analysis.evaluation import Evaluation, by_rewards, evaluate
from mope.analysis.length_control import length_controlled
from mope.analysis.outcomes import gather
from mope.analysis.win_rates import (
    average_differences,
    average_win_rates,
    averages_by_cell,
    correct,
    win_rates,
)
from mope.data.table_paths import judged, set_and_method
from mope.errors import MopeError

BY_SET = (
    "win_rates.csv",
    "average_win_rates.csv",
    "average_by_cell.csv",
    "average_differences.csv",
    "length_controlled.csv",
    "swap_consistency.csv",
)
OVERALL = "overall_win_rates.csv"  # of win_rates.csv the rows of all combinations and preferences together
AGGREGATED = (*BY_SET, OVERALL)
Judgments = dict[tuple[str, str], dict[tuple[str, str], pd.DataFrame]]  # (set, judge) -> (a, b) -> table


def read_judgments(tables: dict[Path, pd.DataFrame]) -> Judgments:
    """Judgments by what their paths say: <set>/<judge>/<a>--<b>.parquet."""
    by_set: Judgments = {}
    for path, table in tables.items():
        name, judge, a, b = judged(path)
        by_set.setdefault((name, judge), {})[a, b] = table
    return by_set


def read_methods(tables: dict[Path, pd.DataFrame]) -> pd.DataFrame:
    """Responses or scores of all methods in one table, set and method from their paths: <set>/<method>.parquet."""
    named = {set_and_method(path): table for path, table in tables.items()}
    return pd.concat([table.assign(set=name, method=method) for (name, method), table in named.items()])


def aggregate(
    judgments: Judgments,
    tokens: pd.DataFrame,
    scores: pd.DataFrame,
    *,
    seed: int,
    resamples: int,
    named: list[str],
    max_unparsed: float,
    rows: list[str] | None = None,
    about_length: Collection[str] = (),
) -> dict[str, pd.DataFrame]:
    """The tables by file name (`AGGREGATED`); `tokens`: set, method, prompt_id, combination, seed, n_tokens.

    `scores` has the columns of the score files and set and method: by them the reward models decide the comparisons of
    the first judge of a set, as a further judge `REWARD_MODELS` of the tables of win rates. `rows` are the methods that
    averages are taken of and over (None: all); the others, such as ablations, were compared with a few only.
    Preferences `about_length` are left out of the win rates at equal length.
    """
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in BY_SET}
    first: dict[str, Evaluation] = {}
    for (evaluation_set, judge), pairs in judgments.items():
        own = tokens[tokens["set"] == evaluation_set]
        methods = list(dict.fromkeys(own["method"]))
        present = {method for pair in pairs for method in pair}
        if present != set(methods):
            odd = ", ".join(sorted(present ^ set(methods)))
            raise MopeError(f"{evaluation_set}/{judge}: judgments and responses differ in the methods {odd}")
        e = evaluate(
            evaluation_set, judge, methods, pairs, resamples=resamples, seed=seed, max_unparsed=max_unparsed, rows=rows
        )  # fmt: skip
        first.setdefault(evaluation_set, e)
        made = _rates(e, own, named) | {
            "length_controlled.csv": length_controlled(evaluation_set, judge, e.table, own, about_length),
            "swap_consistency.csv": swap_consistency(evaluation_set, judge, gather(pairs)),
        }
        for name, table in made.items():
            parts[name].append(table)
    for evaluation_set, e in first.items():
        rated = by_rewards(e, scores[scores["set"] == evaluation_set])
        for name, table in _rates(rated, tokens[tokens["set"] == evaluation_set], named).items():
            parts[name].append(table)
    tables = {name: pd.concat(found, ignore_index=True) for name, found in parts.items()}
    every = tables["win_rates.csv"] = correct(tables["win_rates.csv"])
    return tables | {OVERALL: every[(every.combination == "all") & (every.preference == "all")]}


def _rates(e: Evaluation, tokens: pd.DataFrame, named: list[str]) -> dict[str, pd.DataFrame]:
    """The tables of win rates of one evaluation."""
    return {
        "win_rates.csv": win_rates(e, named),
        "average_win_rates.csv": average_win_rates(e, tokens),
        "average_by_cell.csv": averages_by_cell(e),
        "average_differences.csv": average_differences(e),
    }


def agreements(judgments: Judgments, scores: pd.DataFrame) -> pd.DataFrame:
    """Every judge against the sign of the reward difference, and the judges of one set against each other.

    `scores` has the columns of the score files and set and method.
    """
    judged = {key: judge_values(gather(pairs)) for key, pairs in judgments.items()}
    parts = []
    for (evaluation_set, judge), verdicts in judged.items():
        rewards = reward_values(verdicts, scores[scores["set"] == evaluation_set])
        parts.append(agreement(evaluation_set, judge, "reward", verdicts, rewards))
    for first, second in combinations(judged, 2):
        if first[0] == second[0]:
            parts.append(agreement(*first, second[1], judged[first], judged[second]))
    return pd.concat(parts, ignore_index=True)
