"""Joins the parts that the shards of a stage have written to the table that a single job would have written."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mope.errors import MopeError
from mope.judging.verdicts import ORDER
from mope.provenance.artifact import input_at, read_meta

DECIDING = ("stage", "params", "seeds", "inputs")


def join_responses(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """A method's answers, ordered by seed and then by part."""
    seeds = parts[0].seed.drop_duplicates()
    return pd.concat([part[part.seed == seed] for seed in seeds for part in parts], ignore_index=True)


def join_judgments(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The judgments of two methods, in the order in which a single job writes them."""
    return pd.concat(parts).sort_values(ORDER, ignore_index=True)


GATHER = {"responses": join_responses, "judgments": join_judgments}  # folder of the run -> how its tables are joined


def shared_record(parts: Sequence[Path]) -> dict:
    """The stage, params, seeds and inputs of the joined table, for `mope.provenance.artifact.write`.

    `MopeError` where the parts' records differ in one of these.
    """
    first, *others = ({key: read_meta(part)[key] for key in DECIDING} for part in parts)
    for part, record in zip(parts[1:], others):
        if record != first:
            raise MopeError(f"{part}: made of other parameters or inputs than {parts[0]}; delete both and run again")
    return first | {"inputs": [input_at(name) for name in first["inputs"]]}
