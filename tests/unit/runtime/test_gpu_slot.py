"""Processes take turns on the devices; one that is killed gives its device back."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mope.errors import MopeError
from mope.runtime.gpu_slot import take_gpus

JOB = """
import os, sys
from pathlib import Path
from mope.runtime.gpu_slot import take_gpus
devices = take_gpus(int(sys.argv[2]), Path(sys.argv[1]))
print(*devices, os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def job(root: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts a process that takes one or more devices and keeps them until its input ends."""
    started = []

    def start(count: int = 1) -> subprocess.Popen:
        environment = os.environ | {"PYTHONPATH": str(root / "workflow"), "MOPE_GPUS": "3,GPU-a1"}
        command = [sys.executable, "-c", JOB, str(tmp_path), str(count)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_two_devices_and_three_jobs(job: Callable) -> None:
    first, second = job(), job()
    taken = [process.stdout.readline().split() for process in (first, second)]
    assert sorted(taken) == [["3", "3"], ["GPU-a1", "GPU-a1"]]
    third = job()
    assert select.select([third.stdout], [], [], 2.0)[0] == [], "the third waits"
    second.send_signal(signal.SIGKILL)
    second.wait()
    assert third.stdout.readline().split() == taken[1]


def test_a_job_for_two_devices_waits_for_both_and_is_not_passed_by(job: Callable) -> None:
    first = job()
    device = first.stdout.readline().split()[0]
    both = job(2)
    assert select.select([both.stdout], [], [], 2.0)[0] == [], "it waits for the first"
    late = job()
    assert select.select([late.stdout], [], [], 2.0)[0] == [], "it waits for its turn"
    first.kill()
    first.wait()
    other = {"3": "GPU-a1", "GPU-a1": "3"}[device]
    taken = both.stdout.readline().split()
    assert set(taken[:2]) == {device, other} and taken[2] == ",".join(taken[:2])
    assert select.select([late.stdout], [], [], 2.0)[0] == []
    both.kill()
    assert late.stdout.readline().split()[0] in (device, other)


def test_more_devices_than_there_are_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOPE_GPUS", "0,1")
    with pytest.raises(MopeError, match="'0,1' found, at least 3 devices are expected"):
        take_gpus(3, tmp_path)


def test_without_the_variable_nothing_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MOPE_GPUS", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert take_gpus(1, tmp_path) is None
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


@pytest.mark.parametrize("listed", ["0,", "1,1", ", ,"])
def test_a_list_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, listed: str) -> None:
    monkeypatch.setenv("MOPE_GPUS", listed)
    with pytest.raises(MopeError, match="MOPE_GPUS: .* different devices"):
        take_gpus(1, tmp_path)
