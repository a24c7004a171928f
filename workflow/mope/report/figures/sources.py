"""Reads the sources that figures name in `SOURCES`."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mope.data.table_paths import set_and_method
from mope.data.tables import read_csv
from mope.preferences import load_preferences
from mope.provenance.artifact import require, verified


def read_source(name: str, files: Sequence[Path], judge: str) -> object:
    """The content of the files, read by the function in `READERS`; without one, the judge's rows of a CSV table.

    Raises `MopeError` for a file that is missing or differs from its record.
    """
    if name in READERS:
        return READERS[name](files)
    (file,) = files
    table = read_csv(require(file))
    return table[table["judge"] == judge] if "judge" in table else table


def _scores(files: Sequence[Path]) -> pd.DataFrame:
    """The rows of scores/<set>/<method>.parquet, with a column method."""
    return pd.concat([pd.read_parquet(require(file)).assign(method=set_and_method(file)[1]) for file in files])


def _curves(files: Sequence[Path]) -> dict[tuple[str, str], pd.DataFrame]:
    """Tables of controller/<variant>/seed<k>.curve.csv by (variant, seed)."""
    return {(file.parent.name, file.name.split(".")[0]): read_csv(require(file)) for file in files}


READERS = {
    "scores": _scores,
    "curves": _curves,
    "alpha_samples": lambda files: pd.read_parquet(require(files[0])),
    "decoding": lambda files: pd.DataFrame(json.loads(require(files[0]).read_text())),
    "preferences": lambda files: load_preferences(verified(files[0])),
}
