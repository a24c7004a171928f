"""Of a record, every part that is read must be there and of its type; verify and repair name one that is damaged."""

import copy
import json
from pathlib import Path

import pytest

from mope.errors import MopeError
from mope.provenance.artifact import meta_path, read_meta, write
from mope.provenance.manifest import build, verify
from mope.provenance.record import parse_record
from mope.provenance.repair import repair

GONE = object()
DAMAGE = [
    (("output",), ["a"]),
    (("output",), GONE),
    (("output", "sha256"), 7),
    (("output", "bytes"), GONE),
    (("output", "files"), ["weights"]),
    (("output", "files", "weights"), "text"),
    (("output", "files", "weights", "bytes"), GONE),
    (("output", "files", "weights", "sha256"), None),
    (("inputs",), ["data.csv"]),
    (("inputs",), {"data.csv": 7}),
    (("stage",), {}),
    (("params",), GONE),
    (("seeds",), 7),
    (("began",), "yesterday"),
]


def make(run: Path) -> None:
    with write(run / "model", stage="train", params={}, seeds={}) as temporary:
        temporary.mkdir()
        (temporary / "weights").write_text("weights")


@pytest.mark.parametrize(("place", "value"), DAMAGE)
def test_a_damaged_record_is_named_and_its_artifact_made_anew(tmp_path: Path, place: tuple, value: object) -> None:
    make(tmp_path)
    with write(tmp_path / "manifest.json", stage="write_manifest", params={}, seeds={}) as temporary:
        temporary.write_text(json.dumps(build(tmp_path)))
    record = read_meta(tmp_path / "model")
    damaged = copy.deepcopy(record)
    parent = damaged
    for key in place[:-1]:
        parent = parent[key]
    parent.pop(place[-1])
    if value is not GONE:
        parent[place[-1]] = value
    meta_path(tmp_path / "model").write_text(json.dumps(damaged))
    with pytest.raises(MopeError, match=r"model\.meta\.json: damaged"):
        read_meta(tmp_path / "model")
    (fault,) = verify(tmp_path)
    assert "model.meta.json: damaged" in fault.problem
    assert repair(tmp_path, lambda paths: make(tmp_path)) == []
    assert read_meta(tmp_path / "model")["output"] == record["output"]


@pytest.mark.parametrize("content", [b"", b"7", b"\xff", b"[" * 100_000, b'{"stage": "x"}'])
def test_what_is_no_record_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_record(content)
