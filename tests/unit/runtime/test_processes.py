"""Trainings that two processes share (gloo, on a CPU) end as those of one process do."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from mope.runtime.cli import STOPPED

SCRIPT = Path(__file__).parents[2] / "helpers/shared_stages.py"
ALIKE = {
    "reward": ("reward", {"micro_batch": 1}),
    "policy": ("policy", {}),
    "expert": ("expert", {"steps": 4}),
    "rebel": ("controller", {}),  # three prompts: two of them in the first process
    "ppo": ("controller", {"objective": "ppo", "kl": 0.1}),
}
LONG = {"long_reward": ("reward", {"epochs": 40.0}), "long_rebel": ("controller", {"steps": 60})}
PATHS = ("workflow", "tests/helpers", "tests/unit/training")


@pytest.fixture(scope="module")
def environment(root: Path) -> dict[str, str]:
    path = os.pathsep.join(str(root / name) for name in PATHS)
    return os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


@pytest.fixture(scope="module")
def folder(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the base model of `training_stages.py`."""
    folder = tmp_path_factory.mktemp("models")
    code = "import sys, training_stages as s; f = s.Path(sys.argv[1]); sys.exit(s.train('base', f, f / 'base', 1000))"
    subprocess.run([sys.executable, "-c", code, folder], env=environment, check=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def start(environment: dict[str, str], folder: Path) -> Callable[..., subprocess.Popen]:
    """`start(processes, out, jobs)`: trainings on the models in `folder`, see `shared_stages.py`."""

    def call(processes: int, out: Path, jobs: dict[str, tuple[str, dict]]) -> subprocess.Popen:
        launcher = ["-m", "mope.runtime.launch", str(processes)] if processes > 1 else []
        command = [sys.executable, *launcher, SCRIPT, folder, out, json.dumps(jobs)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, env=environment, **pipes)

    return call


def finish(process: subprocess.Popen) -> str:
    """What a program has printed, when it has ended well."""
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def weights(out: Path) -> dict[str, torch.Tensor]:
    (file,) = out.glob("*.safetensors")
    return load_file(file)


@pytest.fixture(scope="module")
def trained(start: Callable, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Folders 1 and 2 with what so many processes have trained, and what the two have printed."""
    folder = tmp_path_factory.mktemp("trained")
    finish(start(1, folder / "1", ALIKE))
    return folder, finish(start(2, folder / "2", {**ALIKE, **LONG}))


@pytest.mark.parametrize("name", ALIKE)
def test_two_processes_train_what_one_does(name: str, trained: tuple[Path, str]) -> None:
    one, two = (trained[0] / str(n) / name for n in (1, 2))
    assert weights(one).keys() == weights(two).keys()
    assert all(torch.allclose(weights(one)[key], weights(two)[key], atol=1e-4) for key in weights(one))
    if (one / "curve.csv").exists():
        curves = [pd.read_csv(out / "curve.csv") for out in (one, two)]
        pd.testing.assert_frame_equal(*curves, atol=1e-4, rtol=1e-3)
        began_at_zero = [tensor for key, tensor in weights(one).items() if "lora_B" in key or key == "head.weight"]
        assert began_at_zero and all(tensor.abs().max() > 1e-3 for tensor in began_at_zero)


def test_the_first_process_alone_speaks_and_writes(trained: tuple[Path, str]) -> None:
    folder, output = trained
    names = [*ALIKE, *LONG]
    assert [output.count(f"process 0 is done with {name}") for name in names] == [1] * len(names)
    assert "process 1 is done" not in output
    expected = [file for name in names for file in (name, f"{name}.meta.json")]
    assert sorted(path.name for path in (folder / "2").iterdir()) == sorted(expected)


def test_bad_input_is_one_line_with_its_status(start: Callable, tmp_path: Path) -> None:
    process = start(2, tmp_path / "out", {"rebel": ("controller", {"prompts_per_step": 1})})
    output, _ = process.communicate(timeout=200)
    line = "error: devices.controller: 2 found, a number ≤ 1 (controller.prompts_per_step) is expected"
    assert output.splitlines()[-1] == line and output.count("error: ") == 1 and "Traceback" not in output
    assert process.returncode == 2
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", LONG)
def test_a_signal_to_the_launcher_saves_and_a_rerun_goes_on(
    name: str, trained: tuple[Path, str], start: Callable, tmp_path: Path
) -> None:
    process = start(2, tmp_path, {name: LONG[name]})
    next(line for line in process.stdout if {"reward": "'loss'", "controller": "'step': 3"}[LONG[name][0]] in line)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=200)
    assert process.returncode == STOPPED and "Traceback" not in output
    assert output.splitlines()[-1].startswith("stopped: SIGTERM received, step ")
    assert "going on after step" in finish(start(2, tmp_path, {name: LONG[name]}))
    peace, again = weights(trained[0] / "2" / name), weights(tmp_path / name)
    assert all(torch.equal(peace[key], again[key]) for key in peace)
