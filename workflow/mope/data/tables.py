"""Tables: records are read from Parquet with their columns checked, results are written as CSV."""

import hashlib
from pathlib import Path

import pandas as pd

from mope.errors import MopeError
from mope.provenance.artifact import require

TEXT_COLUMNS = ("set", "method", "opponent", "judge", "other", "preference", "combination", "prompt_id")
TEXT_COLUMNS += ("study", "item", "rater", "left", "right")  # of the human study


def read(path: str | Path, columns: list[str]) -> pd.DataFrame:
    """The records of an artifact; `MopeError` when it is damaged, lacks a column, or is empty."""
    frame = pd.read_parquet(require(path))
    missing = [c for c in columns if c not in frame.columns]
    if missing:
        raise MopeError(f"{path}: column {missing[0]!r} not found among {', '.join(frame.columns)}")
    if frame.empty:
        raise MopeError(f"{path}: no records found, at least one is needed")
    return frame


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """The table as CSV without its index, floats with six decimals; the same bytes on every system."""
    table.to_csv(path, index=False, float_format="%.6f", lineterminator="\n")


def read_csv(path: Path) -> pd.DataFrame:
    """A table that was written as CSV: ids and names are texts, however they look; only an empty cell is missing.

    A preference may be called NA, and a prompt 001.
    """
    return pd.read_csv(path, dtype=dict.fromkeys(TEXT_COLUMNS, str), keep_default_na=False, na_values=[""])


def derive_seed(*parts: object) -> int:
    """A 31-bit seed that depends on all `parts` and on nothing else (Python's own hash changes between processes)."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
