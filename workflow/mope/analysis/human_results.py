"""Results of a human study: win rates, binomial test, agreement among the raters, and of the judges with them."""

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
    """Krippendorff's alpha for nominal values; `ratings` has the columns item, rater and value.

    alpha = 1 - observed / expected disagreement, where the observed one is over pairs of ratings of one item and the
    expected one over all pairs of ratings (Krippendorff 2011). Items with a single rating are left out; NaN if none
    has two.
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
    """Ratings seen from the method `focus`: columns opponent and value (+1: `focus` won, 0: tie, -1: it lost)."""
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
    """One row per item; `value` is the raters' majority verdict: the sign of the sum of the item's ratings."""
    keys = ["item", "opponent", "prompt_id", "combination", "seed", "seed_opponent"]
    summed = table.groupby(keys, as_index=False)["value"].sum()
    return summed.assign(value=np.sign(summed["value"]))


def results(ratings: pd.DataFrame, key: pd.DataFrame, focus: str) -> pd.DataFrame:
    """One row per opponent and one for all: counts, win rate with Wilson interval, and a two-sided binomial test.

    The units are pairs of answers, each decided by the majority of its ratings, because ratings of one pair are not
    independent. The test, as in the paper, is of "wins and losses are equally likely" over the pairs without a tie.
    Columns: `RESULT_COLUMNS`.
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
    """Agreement of each judge with the raters' majority: columns judge, pairs, agreement, kappa, decided_agreement.

    `judgments` are the gathered judgments of the study's evaluation set, with a column judge. `decided_agreement`
    leaves out pairs that the raters or the judge called a tie. `MopeError` where a comparison was judged in one order
    only.
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
