"""Training that is killed or stopped at any point ends with the same weights, bit for bit."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mope.errors import Stopped
from mope.provenance.artifact import write
from mope.runtime.cli import STOPPED
from mope.training.checkpoints import Checkpoints, checkpoints

STAGES = ["base", "reward", "expert", "controller"]
RECORD = {"stage": "train", "params": {"steps": 3}, "seeds": {"seed": 1}}


@pytest.fixture(scope="module")
def outcome(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, str]:
    """What the trainings of `training_stages.py` came to, and what they wrote on standard error."""
    command = [sys.executable, root / "tests/helpers/training_stages.py", tmp_path_factory.mktemp("trainings")]
    path = os.pathsep.join([str(root / "workflow"), str(root / "tests/helpers")])
    environment = os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.mark.parametrize("stage", STAGES)
def test_killed_training_goes_on_to_the_same_weights(outcome: tuple, stage: str) -> None:
    found = outcome[0][stage]
    assert found["status"] == 0
    assert any(name.endswith(".safetensors") for name in found["peace"])
    assert [os.WIFSIGNALED(status) and os.WTERMSIG(status) for status in found["kills"]] == [signal.SIGKILL] * 3
    assert found["finished"] == [0, found["peace"]]


@pytest.mark.parametrize("stage", STAGES)
def test_training_asked_to_stop_saves_and_leaves_with_its_own_status(outcome: tuple, stage: str) -> None:
    found, text = outcome[0][stage], outcome[1]
    assert [os.waitstatus_to_exitcode(status) for status in found["stops"]] == [STOPPED, STOPPED]
    for name in ("SIGTERM", "SIGHUP"):
        assert text.count(f"stopped: {name} received, step ") == len(STAGES)
    assert found["continued"] == [0, found["peace"]]


@pytest.mark.parametrize("stage", STAGES)
def test_nothing_is_left_of_a_finished_training(outcome: tuple, stage: str) -> None:
    assert outcome[0][stage]["left"] == []


def save(saved: Checkpoints, step: int) -> None:
    with saved.save(step) as folder:
        folder.mkdir()
        (folder / "weights").write_text(str(step))


def test_only_the_last_whole_checkpoint_is_kept_and_found(tmp_path: Path) -> None:
    saved = Checkpoints(tmp_path, 0)
    assert saved.latest() is None
    save(saved, 9)
    save(saved, 10)
    assert saved.latest() == (10, tmp_path / "step-000000010")
    assert len(list(tmp_path.iterdir())) == 2  # the folder and its record


def test_a_damaged_or_unfinished_checkpoint_is_passed_over(tmp_path: Path) -> None:
    saved = Checkpoints(tmp_path, 0)
    save(saved, 1)
    with write(tmp_path / "step-000000002", stage="checkpoint", params={}, seeds={}) as folder:
        folder.mkdir()
        (folder / "weights").write_text("2")
    (tmp_path / "step-000000002/weights").write_text("x")
    (tmp_path / "step-000000003").mkdir()  # its record is missing
    assert saved.latest() == (1, tmp_path / "step-000000001")
    assert not (tmp_path / "step-000000002").exists()


def test_an_interrupted_save_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    saved = Checkpoints(tmp_path, 0)
    save(saved, 1)
    with pytest.raises(OSError, match="full"), saved.save(2) as folder:
        folder.mkdir()
        raise OSError("disk full")
    assert saved.latest() == (1, tmp_path / "step-000000001")


def test_other_parameters_do_not_find_the_checkpoint(tmp_path: Path) -> None:
    def begin(params: dict, step: int | None) -> tuple | None:
        with pytest.raises(KeyboardInterrupt), checkpoints(tmp_path / "m", RECORD | {"params": params}, [], 0) as saved:
            found = saved.latest()
            save(saved, step)
            raise KeyboardInterrupt
        return found and found[0]

    assert begin({"steps": 3}, 1) is None
    assert begin({"steps": 3}, 2) == 1
    assert begin({"steps": 4}, 1) is None
    assert begin({"steps": 3}, 1) is None  # removed


def test_a_hang_up_that_nohup_ignores_stays_ignored(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    saved = Checkpoints(tmp_path, 60)
    try:
        saved.listen()
        os.kill(os.getpid(), signal.SIGHUP)
        assert not saved.due()
        saved.ignore()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_checkpoint_is_due_by_time_and_by_signal(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path, 0).due()
    saved = Checkpoints(tmp_path, 60)
    before, stopping = signal.getsignal(signal.SIGUSR1), signal.getsignal(signal.SIGTERM)
    saved.listen()
    assert not saved.due()
    os.kill(os.getpid(), signal.SIGUSR1)
    assert saved.due()
    assert signal.getsignal(signal.SIGUSR1) == before  # a second one ends the process
    with pytest.raises(Stopped, match="SIGUSR1 received, step 3 is saved"):
        save(saved, 3)
    saved.ignore()
    assert signal.getsignal(signal.SIGTERM) == stopping
