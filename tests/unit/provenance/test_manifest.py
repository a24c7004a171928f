"""The manifest lists every artifact, and verification names every file that is not as it was."""

import json
from pathlib import Path

import pytest

from mope.errors import MopeError
from mope.provenance.artifact import meta_path, write
from mope.provenance.manifest import build, require_listed, verify


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run with a file, a folder, a nested file, and Snakemake's own files."""
    folder = tmp_path / "laptop"
    for name in ("claims.json", "base/weights.bin", "tables/a.csv"):
        path = folder / name
        target = path.parent if path.suffix == ".bin" else path
        with write(target, stage=path.stem, params={}, seeds={}) as temporary:
            (temporary / path.name if target != path else temporary).parent.mkdir(exist_ok=True)
            (temporary / path.name if target != path else temporary).write_text(name)
    for name in ("logs/x.log", "timings/x.tsv", "report.html", ".scratch/state.bin"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)
    with write(folder / "manifest.json", stage="write_manifest", params={}, seeds={}) as temporary:
        temporary.write_text(json.dumps(build(folder)))
    return folder


def test_all_artifacts_are_listed_with_their_stage(run: Path) -> None:
    artifacts = build(run)["artifacts"]
    assert {name: entry["stage"] for name, entry in artifacts.items()} == {
        "base": "weights",
        "claims.json": "claims",
        "tables/a.csv": "a",
    }
    assert artifacts["tables/a.csv"]["bytes"] == len("tables/a.csv")


def test_an_untouched_run_is_verified(run: Path) -> None:
    assert verify(run) == []


def test_every_file_that_differs_is_named(run: Path) -> None:
    (run / "claims.json").write_text("claims.jsoN")
    (run / "base/weights.bin").write_text("short")
    (run / "tables/a.csv").unlink()
    (run / "tables/b.csv").write_text("new")
    problems = [fault.problem for fault in verify(run)]
    assert len(problems) == 4
    for name in ("claims.json: content differs", "weights.bin: 5 bytes", "a.csv: missing", "b.csv: has no b.csv.meta"):
        assert any(name in problem for problem in problems), name


def test_an_artifact_replaced_after_the_manifest_is_named_and_a_whole_one_added_is_not(run: Path) -> None:
    with write(run / "claims.json", stage="claims", params={}, seeds={}) as temporary:
        temporary.write_text("others")
    for name in ("more.csv", "spoilt.csv"):
        with write(run / name, stage="more", params={}, seeds={}) as temporary:
            temporary.write_text("more")
    (run / "spoilt.csv").write_text("less")
    replaced, spoilt = (fault.problem for fault in verify(run))
    assert "claims.json: SHA-256 " in replaced and replaced.endswith("..., as listed in manifest.json, is expected")
    assert "spoilt.csv: content differs" in spoilt


def test_a_file_without_a_record_is_no_artifact(run: Path) -> None:
    meta_path(run / "claims.json").unlink()
    with pytest.raises(MopeError, match=r"claims\.json: has no"):
        build(run)


def test_a_missing_or_damaged_manifest_is_an_error(run: Path) -> None:
    (run / "manifest.json").write_text("{")
    with pytest.raises(MopeError, match=r"manifest\.json: 1 bytes found"):
        verify(run)
    (run / "manifest.json").unlink()
    with pytest.raises(MopeError, match=r"manifest\.json: missing"):
        verify(run)


def test_a_part_of_a_run_is_verified_alone(run: Path) -> None:
    (run / "claims.json").write_text("claims.jsoN")
    assert verify(run, ["tables"]) == []
    (run / "tables/a.csv").write_text("tables/A.csv")
    (fault,) = verify(run, ["tables"])
    assert fault.path == run / "tables/a.csv" and fault.listed and "content differs" in fault.problem


def test_what_is_read_must_be_what_manifest_and_record_say(run: Path) -> None:
    assert require_listed(run, run / "base") == run / "base"
    (run / "tables/a.csv").write_text("damaged")  # nobody has asked for it
    require_listed(run, run / "claims.json")
    with write(run / "claims.json", stage="claims", params={}, seeds={}) as temporary:
        temporary.write_text("altered, with a record of its own")
    with pytest.raises(
        MopeError, match=r"claims\.json: SHA-256 .* as listed in manifest\.json, is expected; `make repair`"
    ):
        require_listed(run, run / "claims.json")
    (run / "manifest.json").unlink()  # the run is not finished: the record is all there is
    require_listed(run, run / "claims.json")
    (run / "base/weights.bin").write_text("short")
    with pytest.raises(MopeError, match=r"weights\.bin: 5 bytes found"):
        require_listed(run, run / "base")
