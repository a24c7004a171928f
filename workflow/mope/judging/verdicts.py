"""Pairwise judging: both orders of every comparison, verdicts always in terms of methods `a` and `b`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Protocol

import pandas as pd

from mope.data.table_paths import set_and_method
from mope.errors import MopeError
from mope.preferences import members_of
from mope.provenance.artifact import require
from mope.runtime.shards import WHOLE, Shard

JUDGMENT_KEYS = ["prompt_id", "combination"]
JUDGMENT_COLUMNS = [*JUDGMENT_KEYS, "preference", "order", "verdict", "raw", "seed_a", "seed_b"]
ORDER = [*JUDGMENT_KEYS, "seed_a", "seed_b", "preference", "order"]  # of the rows
IDENTICAL = "identical texts"  # stands in the column `raw` where the judge was not asked
# order in which the answers were shown -> a judge's verdict -> the verdict in terms of methods `a` and `b`
UNSWAP = {
    "ab": {"first": "a", "second": "b", "tie": "tie", "unparsed": "unparsed"},
    "ba": {"first": "b", "second": "a", "tie": "tie", "unparsed": "unparsed"},
}


@dataclass(frozen=True)
class Comparison:
    """Two answers to one prompt, in the order in which the judge sees them, under one criterion."""

    prompt: str
    preference: str
    first: str
    second: str


@dataclass(frozen=True)
class Opinion:
    """A judge's answer: `verdict` is "first", "tie", "second" or "unparsed", `raw` what it was read from."""

    verdict: str
    raw: str


class Judge(Protocol):
    """Anything that compares answers; `name` is the folder of its judgments."""

    name: str

    def judge(self, comparisons: Sequence[Comparison]) -> list[Opinion]:
        """One opinion per comparison, in order."""


def decide(gap: float, dead_band: float) -> str:
    """Whether the first answer, scoring `gap` above the second, is better, worse, or as good."""
    if abs(gap) < dead_band:
        return "tie"
    return "first" if gap > 0 else "second"


def read_responses(paths: Sequence[Path], shard: Shard = WHOLE) -> dict[str, dict[str, pd.DataFrame]]:
    """Answers to the prompts of `shard`, as {set: {method: table}}, from files <set>/<method>.parquet in this order."""
    found: dict[str, dict[str, pd.DataFrame]] = {}
    for path in paths:
        name, method = set_and_method(path)
        found.setdefault(name, {})[method] = shard.share(pd.read_parquet(require(path)))
    return found


def aligned(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Answers of two methods side by side, one row per prompt, combination and pair of seeds.

    Equal sets of seeds pair off; a method with one seed meets every seed of the other. `MopeError` where seeds cannot
    be paired, or where an answer is missing or there twice.
    """
    seeds_a, seeds_b = sorted(set(a["seed"])), sorted(set(b["seed"]))
    on = [*JUDGMENT_KEYS, "seed"] if seeds_a == seeds_b else JUDGMENT_KEYS
    if seeds_a != seeds_b and min(len(seeds_a), len(seeds_b)) > 1:
        raise MopeError(
            f"seeds {seeds_a} and {seeds_b} cannot be paired: equal seeds, or one side of one seed, are expected"
        )
    keep = [*JUDGMENT_KEYS, "seed", "response"]
    for frame in (a, b):
        if frame.duplicated([*JUDGMENT_KEYS, "seed"]).any():
            raise MopeError("responses: two rows of one prompt_id, combination and seed; one is expected")
    both = a[[*keep, "prompt"]].merge(b[keep], on=on, how="outer", suffixes=("_a", "_b"), indicator=True)
    missing = both[both.pop("_merge") != "both"]
    if len(missing):
        row = missing.iloc[0]
        raise MopeError(
            f"responses: {row.prompt_id} / {row.combination} is answered by one method only; both are expected"
        )
    if "seed" in both:
        both = both.assign(seed_a=both["seed"], seed_b=both["seed"])
    return both.sort_values([*JUDGMENT_KEYS, "seed_a", "seed_b"], ignore_index=True)


def comparisons(pairs: pd.DataFrame) -> pd.DataFrame:
    """Every (aligned pair, preference of its combination, order), with the texts as shown: columns first, second."""
    rows = pairs.assign(preference=pairs["combination"].map(members_of)).explode("preference", ignore_index=True)
    ab = rows.assign(order="ab", first=rows["response_a"], second=rows["response_b"])
    ba = rows.assign(order="ba", first=rows["response_b"], second=rows["response_a"])
    return pd.concat([ab, ba]).sort_values(ORDER, ignore_index=True)


def questions(table: pd.DataFrame) -> list[Comparison]:
    """What a judge must be asked of a table of `comparisons`: all rows but those of identical texts."""
    asked = table[table["first"] != table["second"]]
    columns = (asked["prompt"], asked["preference"], asked["first"], asked["second"])
    return [Comparison(*row) for row in zip(*columns, strict=True)]


MethodPairs = Sequence[tuple[str, str]] | None  # None: every pair


def judge_pair(judge: Judge, a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Judgments of two methods' answers (columns `JUDGMENT_COLUMNS`); identical texts tie without a call.

    `MopeError` where the answers cannot be put side by side (`aligned`).
    """
    table = comparisons(aligned(a, b))
    opinions = iter(judge.judge(questions(table)))
    same = table["first"] == table["second"]
    answers = [Opinion("tie", IDENTICAL) if equal else next(opinions) for equal in same]
    table["verdict"] = [UNSWAP[o][answer.verdict] for o, answer in zip(table["order"], answers, strict=True)]
    table["raw"] = [answer.raw for answer in answers]
    return table[JUDGMENT_COLUMNS]


def judge_pairs(
    judge: Judge, responses: dict[str, pd.DataFrame], pairs: MethodPairs = None
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """(a, b, judgments) of these pairs of methods; by default of all pairs, in the order of `responses`."""
    for a, b in pairs or combinations(responses, 2):
        yield a, b, judge_pair(judge, responses[a], responses[b])


def all_questions(responses: dict[str, dict[str, pd.DataFrame]], pairs: MethodPairs = None) -> list[Comparison]:
    """What a judge will be asked by `judge_pairs` of every evaluation set."""
    sides = ((methods[a], methods[b]) for methods in responses.values() for a, b in pairs or combinations(methods, 2))
    return [question for a, b in sides for question in questions(comparisons(aligned(a, b)))]
