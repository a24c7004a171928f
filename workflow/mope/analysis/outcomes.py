"""From judgments to outcomes: win, tie or loss of every (pair of methods, prompt, combination, seed)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mope.data.table_paths import pair_name
from mope.errors import MopeError
from mope.judging.verdicts import IDENTICAL

OUTCOME_KEYS = ["a", "b", "prompt_id", "combination", "seed_a", "seed_b"]
VALUE = {"a": 1.0, "b": -1.0, "tie": 0.0, "unparsed": np.nan}
EXAMPLES = 3  # unreadable answers that an error message quotes


def gather(judgments: dict[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """The judgment tables of one set and judge as one table with the columns a and b."""
    tables = [table.assign(a=a, b=b) for (a, b), table in judgments.items()]
    return pd.concat(tables, ignore_index=True)


def with_criteria(judgments: pd.DataFrame) -> pd.DataFrame:
    """The judgments that the judge has made; identical texts, which tie without being judged, are left out."""
    return judgments[judgments["raw"] != IDENTICAL]


def check_unparsed(judgments: pd.DataFrame, budget: float) -> None:
    """`MopeError` with examples when more than the share `budget` of the judge's answers holds no verdict."""
    judgments = with_criteria(judgments)
    bad = judgments[judgments["verdict"] == "unparsed"]
    if len(bad) > budget * len(judgments):
        examples = "; ".join(repr(raw[:80]) for raw in bad["raw"].head(EXAMPLES))
        raise MopeError(
            f"judgments: {len(bad)} of {len(judgments)} answers hold no verdict, at most {budget:.1%} may; "
            f"e.g. {examples}"
        )


def criteria(judgments: pd.DataFrame) -> pd.DataFrame:
    """One row per comparison: `OUTCOME_KEYS`, preference, and the verdicts in both orders as columns `ab` and `ba`.

    `MopeError` where a comparison was judged in one order only.
    """
    keys = [*OUTCOME_KEYS, "preference"]
    halves = [
        judgments.loc[judgments["order"] == order, [*keys, "verdict"]].rename(columns={"verdict": order})
        for order in ("ab", "ba")
    ]
    both = halves[0].merge(halves[1], on=keys, how="outer", validate="one_to_one")
    if both[["ab", "ba"]].isna().any(axis=None):
        row = both[both[["ab", "ba"]].isna().any(axis=1)].iloc[0]
        found = f"{row.prompt_id} / {row.combination} / {row.preference} was judged in one order only"
        raise MopeError(f"judgments {pair_name(row.a, row.b)}: {found}; one in each order is expected")
    return both


def values(both: pd.DataFrame) -> np.ndarray:
    """The verdict of both orders together, (comparisons,): +1 (a), 0 (tie, or the orders disagree), -1 (b).

    NaN where either order is unparsed.
    """
    ab, ba = both["ab"].map(VALUE).to_numpy(float), both["ba"].map(VALUE).to_numpy(float)
    return np.where(ab == ba, ab, 0.0) + 0.0 * (ab + ba)  # the last term carries NaN


def outcomes(judgments: pd.DataFrame) -> pd.DataFrame:
    """Columns `OUTCOME_KEYS`, preference (id or "all") and outcome: 1 if a wins, 0.5 tie, 0 if b wins, NaN unparsed.

    "all" is the sign of the sum of the verdicts on the combination's preferences (Personalized Soups' aggregation).
    `MopeError` where a comparison was judged in one order only.
    """
    both = criteria(judgments)
    each = both[[*OUTCOME_KEYS, "preference"]].assign(value=values(both))
    groups = each.groupby(OUTCOME_KEYS, sort=False, observed=True)["value"]
    summed = groups.sum(min_count=1).where(groups.count() == groups.size())  # NaN if any criterion is unparsed
    total = summed.reset_index().assign(preference="all")
    table = pd.concat([total, each], ignore_index=True)
    table["outcome"] = (np.sign(table.pop("value")) + 1) / 2
    return table


def trained_seed(table: pd.DataFrame) -> pd.Series:
    """The training seed that each outcome depends on: that of the side with several seeds, else that of b.

    Where both sides have several, answers of equal seeds are compared (`mope.judging.verdicts.aligned`).
    """
    several = table.groupby(["a", "b"])["seed_a"].transform("nunique") > 1
    return table["seed_a"].where(several, table["seed_b"])


@dataclass(frozen=True)
class Counts:
    """Counted outcomes of a against b: wins, ties, losses and unparsed are (prompts, cells, pairs, seeds) float64.

    The last axis has the length of the largest number of seeds; a pair with fewer (`n_seeds`) is padded with zeros.
    """

    prompts: list[str]
    cells: list[tuple[str, str]]  # (combination or "all", preference or "all")
    pairs: list[tuple[str, str]]
    wins: np.ndarray
    ties: np.ndarray
    losses: np.ndarray
    unparsed: np.ndarray
    n_seeds: np.ndarray  # (pairs,) whole numbers

    @property
    def points(self) -> np.ndarray:
        """Wins and half ties."""
        return self.wins + 0.5 * self.ties

    @property
    def total(self) -> np.ndarray:
        """Comparisons with an outcome."""
        return self.wins + self.ties + self.losses


def count(table: pd.DataFrame, pairs: list[tuple[str, str]]) -> Counts:
    """Count outcomes by prompt, pair and seed in each cell: all together, each combination, each preference."""
    prompts = sorted(table["prompt_id"].unique())
    combinations = sorted(table["combination"].unique())
    preferences = sorted(set(table["preference"]) - {"all"})
    cells = [("all", "all"), *((c, "all") for c in combinations), *(("all", p) for p in preferences)]
    prompt = pd.Index(prompts).get_indexer(table["prompt_id"])
    pair = pd.MultiIndex.from_tuples(pairs).get_indexer(pd.MultiIndex.from_frame(table[["a", "b"]]))
    whole = (table["preference"] == "all").to_numpy()
    by_combination = 1 + pd.Index(combinations).get_indexer(table["combination"])
    by_preference = 1 + len(combinations) + pd.Index([*preferences, "all"]).get_indexer(table["preference"])
    outcome = table["outcome"].to_numpy()
    seeds = table[["a", "b"]].assign(seed=trained_seed(table)).groupby(["a", "b"])["seed"].rank("dense")
    seed = seeds.to_numpy(int) - 1
    n_seeds = np.zeros(len(pairs), int)
    np.maximum.at(n_seeds, pair, seed + 1)

    def add(chosen: np.ndarray) -> np.ndarray:
        out = np.zeros((len(prompts), len(cells), len(pairs), n_seeds.max()))
        for rows, cell in ((chosen & whole, 0), (chosen & whole, by_combination), (chosen & ~whole, by_preference)):
            column = cell if np.isscalar(cell) else cell[rows]
            np.add.at(out, (prompt[rows], column, pair[rows], seed[rows]), 1)
        return out

    counted = (add(outcome == 1), add(outcome == 0.5), add(outcome == 0), add(np.isnan(outcome)))
    return Counts(prompts, cells, pairs, *counted, n_seeds)
