"""Tables of results have the same bytes wherever they are written."""

import os
from pathlib import Path

import pandas as pd
import pytest

from mope.data.tables import write_csv


def test_floats_have_six_decimals_and_lines_end_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "linesep", "\r\n")  # as on Windows
    table = pd.DataFrame({"name": ["a, b", "ü"], "n": [1, 2], "x": [1 / 3, None]}, index=[7, 8])
    write_csv(table, tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_bytes() == 'name,n,x\n"a, b",1,0.333333\nü,2,\n'.encode()
