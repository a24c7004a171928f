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
OVERALL = "overall_win_rates.csv"  # the rows of win_rates.csv that cover all combinations and preferences together
AGGREGATED = (*BY_SET, OVERALL)
Judgments = dict[tuple[str, str], dict[tuple[str, str], pd.DataFrame]]  # (set, judge) -> (a, b) -> table


def read_judgments(tables: dict[Path, pd.DataFrame]) -> Judgments:
    """Group judgment tables by set, judge and pair of methods, read from paths <set>/<judge>/<a>--<b>.parquet."""
    by_set: Judgments = {}
    for path, table in tables.items():
        name, judge, a, b = judged(path)
        by_set.setdefault((name, judge), {})[a, b] = table
    return by_set


def read_methods(tables: dict[Path, pd.DataFrame]) -> pd.DataFrame:
    """Responses or scores of all methods in one table; columns set and method are from paths <set>/<method>.parquet."""
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
    """All tables of win rates, by file name (`AGGREGATED`).

    `tokens` has the columns set, method, prompt_id, combination, seed and n_tokens; `scores` those of the score files,
    set and method. From `scores` the reward models decide the comparisons that the first judge of each set has made;
    the tables list them as one more judge, `REWARD_MODELS`. Average win rates are those of the methods in `rows`
    against each other (None: all methods); other methods, such as ablations, were compared with only a few. `named` are
    the opponents in the comparisons that are tested. Preferences in `about_length` are left out of the
    length-controlled win rates. `MopeError` where a judge's methods are not those of the responses, where a pair of
    `rows` was not judged, or where more than the share `max_unparsed` of a judge's answers holds no verdict.
    """
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in BY_SET}
    first: dict[str, Evaluation] = {}
    for (evaluation_set, judge), pairs in judgments.items():
        own = tokens[tokens["set"] == evaluation_set]
        methods = list(dict.fromkeys(own["method"]))
        present = {method for pair in pairs for method in pair}
        if present != set(methods):
            differing = ", ".join(sorted(present ^ set(methods)))
            found = f"judgments and responses differ in the methods {differing}"
            raise MopeError(f"{evaluation_set}/{judge}: {found}; both of the same methods are expected")
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
    rates = tables["win_rates.csv"] = correct(tables["win_rates.csv"])
    return tables | {OVERALL: rates[(rates.combination == "all") & (rates.preference == "all")]}


def _rates(e: Evaluation, tokens: pd.DataFrame, named: list[str]) -> dict[str, pd.DataFrame]:
    """The tables of win rates of one evaluation set under one judge, by file name."""
    return {
        "win_rates.csv": win_rates(e, named),
        "average_win_rates.csv": average_win_rates(e, tokens),
        "average_by_cell.csv": averages_by_cell(e),
        "average_differences.csv": average_differences(e),
    }


def agreements(judgments: Judgments, scores: pd.DataFrame) -> pd.DataFrame:
    """Agreement of every judge with the sign of the reward difference, and of the judges of one set with each other.

    `scores` has the columns of the score files, set and method. Returns `AGREEMENT_COLUMNS` of `agreement`. `MopeError`
    where a comparison was judged in one order only, or where a judged answer has no reward.
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
