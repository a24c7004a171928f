"""What the raters of a human study said: win rates, binomial test, their agreement, and the judges against them."""

import numpy as np
import pandas as pd
from scipy import stats

from mope.analysis.agreement import CLASSES, kappa
from mope.analysis.intervals import wilson
from mope.analysis.outcomes import outcomes

VALUES = {"left": 1.0, "tie": 0.0, "right": -1.0}
RESULT_COLUMNS = (
    "method opponent pairs raters ratings wins ties losses win_rate ci_low ci_high decided_win_rate p_binomial alpha"
).split()


def krippendorff_alpha(ratings: pd.DataFrame) -> float:
    """Krippendorff's alpha for nominal values; `ratings`: item, rater, value. NaN if no item has two ratings.

    alpha = 1 - observed / expected disagreement, over all pairs of ratings within items and overall (Krippendorff
    2011); items with one rating say nothing and are left out.
    """
    counts = ratings.pivot_table(index="item", columns="value", values="rater", aggfunc="count", fill_value=0)
    counts = counts[counts.sum(axis=1) >= 2].to_numpy(float)
    if not len(counts):
        return np.nan
    per_item = counts.sum(axis=1)
    total = per_item.sum()
    agreeing = ((counts * (counts - 1)).sum(axis=1) / (per_item - 1)).sum()
    overall = counts.sum(axis=0)
    expected = (overall * (overall - 1)).sum() / (total - 1)
    return 1.0 if expected == total else float(1 - (total - agreeing) / (total - expected))


def with_methods(ratings: pd.DataFrame, key: pd.DataFrame, focus: str) -> pd.DataFrame:
    """Ratings in terms of `focus` (value +1: it won) and its opponent."""
    table = ratings.merge(key, on="item", validate="many_to_one")
    left = table["left"] == focus
    value = table["answer"].map(VALUES)
    return table.assign(
        opponent=table["right"].where(left, table["left"]),
        value=value.where(left, -value),
        seed=table["seed_left"].where(left, table["seed_right"]),
        seed_opponent=table["seed_right"].where(left, table["seed_left"]),
    )


def majority(table: pd.DataFrame) -> pd.DataFrame:
    """One row per item: the sign of the sum of its ratings."""
    keys = ["item", "opponent", "prompt_id", "combination", "seed", "seed_opponent"]
    summed = table.groupby(keys, as_index=False)["value"].sum()
    return summed.assign(value=np.sign(summed["value"]))


def results(ratings: pd.DataFrame, key: pd.DataFrame, focus: str) -> pd.DataFrame:
    """Per opponent, and over all: counts of ratings, win rate with Wilson interval over pairs, two-sided binomial test.

    The test (as in the paper) asks of the pairs that a majority decided whether wins and losses are equally likely:
    ratings of one pair are not independent, so pairs are its units.
    """
    table = with_methods(ratings, key, focus)
    rows = []
    for opponent, group in [("all", table), *table.groupby("opponent")]:
        decided = majority(group)["value"]
        wins, ties, losses = (int((decided == v).sum()) for v in CLASSES)
        rate = (wins + ties / 2) / len(decided)
        low, high = wilson(wins + ties / 2, len(decided))
        test = stats.binomtest(wins, wins + losses).pvalue if wins + losses else np.nan
        own = wins / (wins + losses) if wins + losses else np.nan
        alpha = krippendorff_alpha(group[["item", "rater", "value"]])
        head = (focus, opponent, len(decided), group["rater"].nunique(), len(group))
        rows.append((*head, wins, ties, losses, rate, low, high, own, test, alpha))
    return pd.DataFrame(rows, columns=RESULT_COLUMNS)


def judge_agreement(ratings: pd.DataFrame, key: pd.DataFrame, focus: str, judgments: pd.DataFrame) -> pd.DataFrame:
    """Each judge against the raters' majority: judge, pairs, agreement, kappa, decided_agreement.

    `judgments`: the gathered judgments of the study's evaluation set, with a column judge.
    """
    people = majority(with_methods(ratings, key, focus))
    rows = []
    for judge, table in judgments.groupby("judge", sort=False):
        machine = outcomes(table.drop(columns="judge"))
        machine = machine[machine["preference"] == "all"].dropna(subset=["outcome"])
        first = machine["a"] == focus
        machine = machine[first | (machine["b"] == focus)].assign(
            opponent=machine["b"].where(first, machine["a"]),
            seed=machine["seed_a"].where(first, machine["seed_b"]),
            seed_opponent=machine["seed_b"].where(first, machine["seed_a"]),
            judged=(2 * machine["outcome"] - 1) * np.where(first, 1, -1),
        )
        both = people.merge(machine, on=["opponent", "prompt_id", "combination", "seed", "seed_opponent"])
        pairs = both[["value", "judged"]].to_numpy()
        confusion = np.array([[(pairs == (x, y)).all(axis=1).sum() for y in CLASSES] for x in CLASSES])
        clear = confusion[np.ix_([0, 2], [0, 2])]
        n, m = confusion.sum(), clear.sum()
        rows.append((judge, int(n), np.trace(confusion) / n if n else np.nan, kappa(confusion) if n else np.nan,
                     np.trace(clear) / m if m else np.nan))  # fmt: skip
    return pd.DataFrame(rows, columns="judge pairs agreement kappa decided_agreement".split())
