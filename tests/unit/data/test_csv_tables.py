"""Tables of results have the same bytes wherever they are written."""

import os
from pathlib import Path

import pandas as pd
import pytest

from mope.data.tables import read_csv, write_csv


def test_floats_have_six_decimals_and_lines_end_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "linesep", "\r\n")  # as on Windows
    table = pd.DataFrame({"name": ["a, b", "ü"], "n": [1, 2], "x": [1 / 3, None]}, index=[7, 8])
    write_csv(table, tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_bytes() == 'name,n,x\n"a, b",1,0.333333\nü,2,\n'.encode()


def test_names_are_texts_however_they_look(tmp_path: Path) -> None:
    table = pd.DataFrame({"prompt_id": ["001", "2"], "preference": ["NA", "null"], "rate": [0.5, None]})
    write_csv(table, tmp_path / "table.csv")
    pd.testing.assert_frame_equal(read_csv(tmp_path / "table.csv"), table)
