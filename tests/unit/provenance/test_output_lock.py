"""Two real processes that would write one artifact: the one of the newer run prevails, whichever ends first."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mope.errors import MopeError
from mope.provenance.artifact import ROOT, meta_path, require, write
from mope.provenance.output_lock import only_writer
from mope.training.checkpoints import checkpoints

RECORD = {"stage": "train", "params": {}, "seeds": {}}

# A job that says when it has begun and when it writes, and waits for a line before each of the two.
JOB = """
import sys
from pathlib import Path
from mope.provenance.artifact import write
from mope.runtime.cli import run

def main():
    print("begun", flush=True)
    input()
    with write(Path(sys.argv[1]), stage="test", params={"job": sys.argv[2]}, seeds={}) as temporary:
        print("writing", flush=True)
        input()
        temporary.write_text(sys.argv[2])

run(main)
"""


class Job:
    """A process that runs JOB."""

    def __init__(self, path: Path, name: str):
        environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen([sys.executable, "-c", JOB, path, name], env=environment, text=True, **pipes)
        self.hears("begun")

    def hears(self, word: str) -> None:
        assert self.process.stdout.readline().strip() == word

    def go_on(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> tuple[int, str]:
        """Exit status and what it wrote on standard error."""
        _, error = self.process.communicate("\n", timeout=300)
        return self.process.returncode, error


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Callable[[str], Job]]:
    jobs = []

    def start(name: str) -> Job:
        jobs.append(Job(tmp_path / "table.csv", name))
        return jobs[-1]

    yield start
    for each in jobs:
        each.process.kill()
        each.process.wait()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


FINISHED = {"table.csv", "table.csv.meta.json"}


def test_while_one_process_writes_another_is_refused(job: Callable, tmp_path: Path) -> None:
    first, second = job("first"), job("second")
    first.go_on()
    first.hears("writing")
    status, error = second.end()
    assert status == 2 and error.count("\n") == 1
    assert f"table.csv: process {first.process.pid} on " in error and "is writing it" in error
    assert first.end() == (0, "")
    assert require(tmp_path / "table.csv").read_text() == "first"
    assert names(tmp_path) == FINISHED


def test_a_killed_writer_locks_nobody_out_and_its_rest_goes(job: Callable, tmp_path: Path) -> None:
    first = job("first")
    first.go_on()
    first.hears("writing")
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    second = job("second")
    second.go_on()
    second.hears("writing")
    assert second.end() == (0, "")
    assert names(tmp_path) == FINISHED


def test_a_job_that_writes_late_does_not_replace_what_a_newer_one_has_made(job: Callable, tmp_path: Path) -> None:
    old = job("old")
    time.sleep(0.01)  # the times at which they began are in milliseconds
    new = job("new")
    new.go_on()
    new.hears("writing")
    assert new.end() == (0, "")
    status, error = old.end()
    assert status == 2 and error.count("\n") == 1
    assert "table.csv: is of a run that began later than this job" in error
    assert require(tmp_path / "table.csv").read_text() == "new"
    assert names(tmp_path) == FINISHED


def test_a_newer_job_replaces_what_an_older_one_has_made_meanwhile(job: Callable, tmp_path: Path) -> None:
    old = job("old")
    time.sleep(0.01)
    new = job("new")
    for each in (old, new):
        each.go_on()
        each.hears("writing")
        assert each.end() == (0, "")
    assert require(tmp_path / "table.csv").read_text() == "new"


def test_who_waited_for_a_lock_file_that_is_gone_takes_the_next(tmp_path: Path) -> None:
    with only_writer(tmp_path / "a"):
        assert names(tmp_path) == {".a.lock"}
        with only_writer(tmp_path / "a"):  # the same process may ask again, and keeps the lock
            pass
        assert names(tmp_path) == {".a.lock"}
    assert names(tmp_path) == set()


def test_another_process_that_trains_keeps_its_checkpoints(job: Callable, tmp_path: Path) -> None:
    first, out = job("first"), tmp_path / "table.csv"
    first.go_on()
    first.hears("writing")
    (tmp_path / ".table.csv.checkpoints/other").mkdir(parents=True)
    with pytest.raises(MopeError, match="is writing it"), checkpoints(out, RECORD, [], 0):
        pass
    assert (tmp_path / ".table.csv.checkpoints/other").is_dir()


def test_without_locks_the_later_start_still_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def unknown(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", unknown)
    path = tmp_path / "table.csv"
    with pytest.raises(MopeError, match="began later"), write(path, **RECORD) as temporary:
        temporary.write_text("old")
        with write(tmp_path / "other.csv", **RECORD) as other:
            other.write_text("new")
        (tmp_path / "other.csv").rename(path)
        record = json.loads(meta_path(tmp_path / "other.csv").read_text())
        meta_path(path).write_text(json.dumps(record | {"began": record["began"] + 1}))
    assert path.read_text() == "new"
    assert f"{tmp_path}: this file system has no locks" in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(MopeError, match="cannot be written"), write(tmp_path / "a.csv", **RECORD):
        pass
