"""Artifacts appear whole or not at all, and a damaged one is refused with one line."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mope.errors import MopeError
from mope.provenance.artifact import ROOT, fingerprint, meta_path, require, write


def make(path: Path, content: str = "hello", **options: object) -> Path:
    """An artifact with little in it: a file, or a folder with two files if the name has no suffix."""
    with write(path, stage="test", params={"a": 1}, seeds={"seed": 7}, **options) as temporary:
        if path.suffix:
            temporary.write_text(content)
        else:
            (temporary / "deep").mkdir(parents=True)
            (temporary / "weights.bin").write_text(content)
            (temporary / "deep/config.json").write_text("{}")
    return path


@pytest.mark.parametrize("name", ["table.csv", "model", "P1A.metrics.json"])
def test_what_was_written_is_accepted(tmp_path: Path, name: str) -> None:
    path = make(tmp_path / name)
    assert require(path) == path
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([name, f"{name}.meta.json"])


def test_the_record_says_how_it_came_to_be(tmp_path: Path) -> None:
    source, plain = make(tmp_path / "source"), tmp_path / "plain.txt"
    plain.write_text("abc")
    record = json.loads(meta_path(make(tmp_path / "out.txt", inputs=[source, str(plain)])).read_text())
    assert (record["stage"], record["params"], record["seeds"]) == ("test", {"a": 1}, {"seed": 7})
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, example B.1
    assert record["inputs"] == {str(source): fingerprint(source)["sha256"], str(plain): abc}
    assert record["output"]["bytes"] == 5
    assert record["wall_s"] >= 0
    assert 1 < record["peak_memory_mb"] < 100_000
    assert record["peak_gpu_memory_mb"] is None or record["device"] != "cpu"
    assert record["packages"]["snakemake"]
    named = {"schema_version", "host", "device", "python", "git_commit", "git_dirty", "code"}
    assert named <= record.keys()


def test_snakemakes_stamp_in_a_folder_does_not_count(tmp_path: Path) -> None:
    path = make(tmp_path / "model")
    (path / ".snakemake_timestamp").touch()
    require(path)


@pytest.mark.parametrize("name", ["table.csv", "model"])
def test_an_error_leaves_the_old_artifact_and_no_rest(tmp_path: Path, name: str) -> None:
    path = make(tmp_path / name, "old")
    with pytest.raises(ZeroDivisionError), write(path, stage="test", params={}, seeds={}) as temporary:
        (temporary if path.suffix else temporary.parent / f"{temporary.name}x").write_text("half")
        temporary.exists() or temporary.mkdir()
        raise ZeroDivisionError
    require(path)
    assert not list(tmp_path.glob(f".{path.name}.tmp-*-{os.getpid()}{path.suffix}"))


@pytest.mark.parametrize("name", ["table.csv", "model"])
def test_writing_again_replaces(tmp_path: Path, name: str) -> None:
    path = make(tmp_path / name, "old")
    (tmp_path / f".{path.name}.tmp-host-1{path.suffix}").mkdir()  # left by a killed job
    before = fingerprint(path)
    require(make(path, "new"))
    assert fingerprint(path) != before
    assert len(list(tmp_path.iterdir())) == 2


def test_a_killed_stage_leaves_no_artifact(tmp_path: Path) -> None:
    program = (
        "import os, signal; from mope.provenance.artifact import write\n"
        "with write('model', stage='test', params={}, seeds={}) as temporary:\n"
        "    temporary.mkdir(); (temporary / 'half').touch(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
    assert subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment).returncode == -signal.SIGKILL
    with pytest.raises(MopeError, match="model: missing"):
        require(tmp_path / "model")
    require(make(tmp_path / "model"))
    assert len(list(tmp_path.iterdir())) == 2


def test_a_stage_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(MopeError, match="wrote nothing"),
        write(tmp_path / "a.csv", stage="test", params={}, seeds={}),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_a_missing_input_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MopeError, match=r"gone\.csv: missing"):
        make(tmp_path / "a.csv", inputs=[tmp_path / "gone.csv"])


DAMAGE: list[tuple[str, Callable[[Path], object], str]] = [
    ("table.csv", lambda path: path.unlink(), "missing"),
    ("table.csv", lambda path: path.write_text("hell"), "4 bytes found, 5 bytes were recorded"),
    ("table.csv", lambda path: path.write_text("hellO"), "content differs"),
    ("table.csv", lambda path: path.write_text(""), "0 bytes found"),
    ("table.csv", lambda path: meta_path(path).unlink(), "not completely written"),
    ("table.csv", lambda path: meta_path(path).write_text("{"), "damaged"),
    ("table.csv", lambda path: meta_path(path).write_text("[]"), "damaged"),
    ("table.csv", lambda path: meta_path(path).write_text('{"stage": "x", "output": {}}'), "damaged"),
    ("table.csv", lambda path: meta_path(path).write_text("[" * 100_000), "damaged"),
    ("table.csv", lambda path: meta_path(path).unlink() or meta_path(path).mkdir(), "damaged"),
    ("table.csv", lambda path: path.unlink() or path.mkdir(), "is a folder, a file was recorded"),
    ("model", lambda path: (path / "weights.bin").unlink(), "weights.bin: missing"),
    ("model", lambda path: (path / "weights.bin").write_text("hel"), "weights.bin: 3 bytes found"),
    ("model", lambda path: (path / "deep/config.json").write_text("[]"), "config.json: content differs"),
    ("model", lambda path: (path / "more.txt").write_text("x"), "more.txt: not part"),
]


@pytest.mark.parametrize(("name", "damage", "named"), DAMAGE)
def test_damage_is_refused(tmp_path: Path, name: str, damage: Callable[[Path], object], named: str) -> None:
    path = make(tmp_path / name)
    damage(path)
    with pytest.raises(MopeError, match=named) as caught:
        require(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "run the workflow" in str(caught.value)


@pytest.mark.parametrize("kind", ["deep", "folder"])
def test_an_artifact_with_a_damaged_record_is_made_anew(tmp_path: Path, kind: str) -> None:
    path = make(tmp_path / "table.csv")
    if kind == "folder":
        meta_path(path).unlink()
        meta_path(path).mkdir()
    else:
        meta_path(path).write_text("[" * 100_000)
    assert require(make(path)) == path


def test_a_record_of_another_version_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "table.csv")
    record = json.loads(meta_path(path).read_text()) | {"schema_version": 0}
    meta_path(path).write_text(json.dumps(record))
    with pytest.raises(MopeError, match="schema version 0"):
        require(path)
