"""After a kill of Snakemake the same command goes on; where a run is alive its files stay locked."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

OWN = {"run": "mine", "data": {"corpus": 100, "train": {"prompts": 24}}, "feedback": {"pairs": 20}}
CORPUS = "results/mine/data/corpus.parquet"
COMMAND = [sys.executable, "-m", "snakemake", "--cores", "1", "--workflow-profile", "workflow/profiles/local"]


@pytest.fixture
def place(copy_project: Callable[[Path], Path], tmp_path: Path) -> Path:
    """A copy of the project with an experiment."""
    folder = copy_project(tmp_path)
    (folder / "mine.yaml").write_text(yaml.safe_dump(OWN))
    return folder


@pytest.fixture
def begin(place: Path) -> Iterator[Callable[[], subprocess.Popen]]:
    """`begin()`: Snakemake at work on the corpus in a session of its own, its files locked."""
    runs = []

    def start() -> subprocess.Popen:
        command = [*COMMAND, "--configfile", "mine.yaml", "--", CORPUS]
        environment = os.environ | {"PYTHONPATH": "workflow"}
        options = {"cwd": place, "env": environment, "text": True, "stdout": subprocess.PIPE}
        runs.append(subprocess.Popen(command, start_new_session=True, stderr=subprocess.STDOUT, **options))
        return runs[-1]

    yield start
    for run in runs:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()


def locks(place: Path) -> list[Path]:
    return sorted((place / ".snakemake/locks").glob("*.lock"))


def wait_for_locks(place: Path) -> None:
    until = time.monotonic() + 300
    while not locks(place):
        assert time.monotonic() < until
        time.sleep(0.005)


def unlock(place: Path) -> str:
    environment = os.environ | {"PYTHONPATH": "workflow"}
    command = [sys.executable, "workflow/scripts/unlock.py"]
    outcome = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=300)
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stderr


def test_the_lock_of_a_killed_run_goes_and_the_same_command_goes_on(place: Path, begin: Callable) -> None:
    run = begin()
    wait_for_locks(place)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert locks(place)
    said, _ = (again := begin()).communicate(timeout=120)
    assert again.returncode != 0 and f"`{Path(sys.executable).parent}/snakemake --unlock`" in said
    assert "an earlier run was killed: its lock is removed" in unlock(place)
    assert locks(place) == []
    said, _ = (again := begin()).communicate(timeout=120)
    assert again.returncode == 0, said
    assert (place / CORPUS).is_file() and unlock(place) == ""


def test_the_lock_of_a_run_that_is_alive_stays(place: Path, begin: Callable) -> None:
    run = begin()
    wait_for_locks(place)
    run.send_signal(signal.SIGSTOP)  # alive, for as long as the test takes
    held = locks(place)
    assert held and unlock(place) == ""
    assert locks(place) == held
    run.send_signal(signal.SIGCONT)
    said, _ = run.communicate(timeout=120)
    assert run.returncode == 0, said
    assert locks(place) == []


@pytest.mark.parametrize("target", ["results", "repair", "benchmark", "human-study"])
def test_make_unlocks_before_it_runs(root: Path, make: Callable, target: str) -> None:
    commands = make(root, "--dry-run", target).stdout.splitlines()
    unlocking = next(i for i, command in enumerate(commands) if "workflow/scripts/unlock.py" in command)
    running = next(i for i, command in enumerate(commands) if "snakemake --cores" in command)
    assert unlocking < running
