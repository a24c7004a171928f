"""Records of a benchmark are printed as they come and kept as one JSON list."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mope.benchmark.json_records import write_records

RECORDS = [{"system": "mope", "ms": 1.5}, {"system": "single", "ms": [1, 2]}]


def test_each_record_is_printed_before_the_next_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = []

    def measured() -> Iterator[dict]:
        for record in RECORDS:
            yield record
            printed.append(json.loads(capsys.readouterr().out))

    write_records(measured(), tmp_path / "records.json")
    assert printed == RECORDS == json.loads((tmp_path / "records.json").read_text())
    assert len((tmp_path / "records.json").read_text().splitlines()) == len(RECORDS) + 2
