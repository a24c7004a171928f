"""How far judges agree: with themselves when the answers swap places, with each other, and with reward models."""

import numpy as np
import pandas as pd
from statsmodels.stats.inter_rater import cohens_kappa

from mope.analysis.outcomes import OUTCOME_KEYS, criteria, values, with_criteria
from mope.analysis.reward_outcomes import reward_signs

CLASSES = (1.0, 0.0, -1.0)  # a, tie, b
VERDICT_NAMES = {1.0: "a", 0.0: "tie", -1.0: "b"}
CONSISTENCY_COLUMNS = "set judge preference n consistent consistency first_share".split()
AGREEMENT_COLUMNS = [
    *"set judge other preference n agreement kappa decided_n decided_agreement decided_kappa".split(),
    *(f"{VERDICT_NAMES[x]}_{VERDICT_NAMES[y]}" for x in CLASSES for y in CLASSES),
]


def swap_consistency(name: str, judge: str, judgments: pd.DataFrame) -> pd.DataFrame:
    """Share of comparisons with the same verdict in both orders, and how often the answer shown first won.

    Only comparisons that the judge has seen and answered in both orders count. `first_share` leaves ties out; without
    position bias it is 0.5. One row for all preferences together ("all") and one per preference. `MopeError` where a
    comparison was judged in one order only.
    """
    both = criteria(with_criteria(judgments))
    both = both[(both["ab"] != "unparsed") & (both["ba"] != "unparsed")]
    rows = []
    for preference, group in [("all", both), *both.groupby("preference")]:
        first = (group["ab"] == "a").sum() + (group["ba"] == "b").sum()
        decided = (group["ab"] != "tie").sum() + (group["ba"] != "tie").sum()
        same = int((group["ab"] == group["ba"]).sum())
        rate, share = (x / y if y else np.nan for x, y in ((same, len(group)), (first, decided)))
        rows.append((name, judge, preference, len(group), same, rate, share))
    return pd.DataFrame(rows, columns=CONSISTENCY_COLUMNS)


def judge_values(judgments: pd.DataFrame) -> pd.DataFrame:
    """The judge's verdict on every comparison, column `value`: +1 (a wins), 0 (tie), -1 (b wins).

    Unparsed verdicts are left out, and so are identical texts, on which any two judges would agree. `MopeError` where a
    comparison was judged in one order only.
    """
    both = criteria(with_criteria(judgments))
    return both[[*OUTCOME_KEYS, "preference"]].assign(value=values(both)).dropna(subset=["value"])


def reward_values(judged: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """The verdicts of the reward models on the comparisons `judged`, in the same form.

    `scores` has the columns method, prompt_id, combination, preference, seed and reward. `MopeError` where a judged
    answer has no reward.
    """
    table = judged[[*OUTCOME_KEYS, "preference"]]
    return table.assign(value=reward_signs(table, scores.rename(columns={"reward": "value"})))


def kappa(confusion: np.ndarray) -> float:
    """Cohen's kappa of a (classes, classes) table of counts; NaN when both raters gave one and the same class only."""
    expected = (confusion.sum(axis=0) * confusion.sum(axis=1)).sum()
    if expected == confusion.sum() ** 2:
        return np.nan
    return float(cohens_kappa(confusion, return_results=False))


def agreement(name: str, judge: str, other: str, first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Agreement, kappa and confusion counts of two raters' values (columns `AGREEMENT_COLUMNS`).

    The `decided_*` columns leave out comparisons that either rater called a tie.
    """
    both = first.merge(second, on=[*OUTCOME_KEYS, "preference"], suffixes=("_1", "_2"), validate="one_to_one")
    rows = []
    for preference, group in [("all", both), *both.groupby("preference")]:
        pairs = group[["value_1", "value_2"]].to_numpy()
        confusion = np.array([[((pairs == (x, y)).all(axis=1)).sum() for y in CLASSES] for x in CLASSES])
        decided = confusion[np.ix_([0, 2], [0, 2])]
        row = [name, judge, other, preference]
        for table in (confusion, decided):
            n = int(table.sum())
            row += [n, np.trace(table) / n if n else np.nan, kappa(table) if n else np.nan]
        rows.append([*row, *confusion.ravel()])
    return pd.DataFrame(rows, columns=AGREEMENT_COLUMNS)
