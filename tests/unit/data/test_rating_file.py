"""All files of the raters are read, whatever their names; one without answers and doubled answers are refused."""

import gzip
from pathlib import Path

import pytest

from mope.data.rating_file import all_ratings, rating_files
from mope.errors import MopeError

HEAD = "study,rater,item,answer\n"


def test_all_files_but_hidden_ones_are_read(tmp_path: Path) -> None:
    (tmp_path / "ann.CSV").write_text(f"{HEAD}s,Ann,item-0,left\n")
    (tmp_path / "cid.csv.gz").write_bytes(gzip.compress(f"{HEAD}s,Cid,item-0,tie\n".encode()))
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    files = rating_files(tmp_path)
    assert [path.name for path in files] == ["ann.CSV", "cid.csv.gz"]
    assert [rating.rater for rating in all_ratings(files)] == ["Ann", "Cid"]
    assert rating_files(tmp_path / "none") == rating_files(tmp_path / "ann.CSV") == rating_files(Path("a\0")) == []


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ("", r"b\.csv: no answer found; at least one is expected"),
        (
            "s,Bob,item-0,left\ns,Bob,item-0,tie\n",
            r"b\.csv: .*3: Bob answered item-0 before, at .*b\.csv: .*2; one answer",
        ),
        ("s,Ann,item-0,left\n", r"b\.csv: .*2: Ann answered item-0 before, at .*a\.csv: .*2; one answer"),
    ],
)
def test_no_answers_and_doubled_ones_are_refused(tmp_path: Path, answers: str, said: str) -> None:
    (tmp_path / "a.csv").write_text(f"{HEAD}s,Ann,item-0,left\n")
    (tmp_path / "b.csv").write_text(HEAD + answers)
    with pytest.raises(MopeError, match=said):
        list(all_ratings(rating_files(tmp_path)))
