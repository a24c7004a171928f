"""Room and commands are looked for before the first job."""

import shutil
from pathlib import Path

import pytest

from mope.config.load import load_config
from mope.config.machine import FLOAT32, bytes_to_come, check_machine
from mope.errors import MopeError

LAYERS = 1 * (4 * 32 * 32 + 3 * 32 * 64)  # of the smoke experiment's base and controller, which are alike


def test_what_the_models_take(root: Path, tmp_path: Path) -> None:
    config = load_config(root, {"experiment": "smoke"})
    base, controller = 2 * 512 * 32 + LAYERS, 512 * 32 + LAYERS
    assert bytes_to_come(config, tmp_path) == FLOAT32 * (base + controller + 2 * base)
    (tmp_path / "results/smoke/base").mkdir(parents=True)
    assert bytes_to_come(config, tmp_path) == FLOAT32 * (controller + 2 * controller)
    (tmp_path / "results/smoke/controller/mope/seed0").mkdir(parents=True)
    assert bytes_to_come(config, tmp_path) == 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/model.safetensors").write_bytes(b"x" * 1000)
    (tmp_path / "mine/config.json").write_text('{"vocab_size": 100}')
    config["base"]["path"], config["run"], config["artifacts"] = "mine", "own", "own"
    assert bytes_to_come(config, tmp_path) == 1000 + FLOAT32 * 3 * (100 * 32 + LAYERS)
    (tmp_path / "mine.gguf").write_bytes(b"GGUF" * 500)
    config["base"]["path"], config["base"]["gguf"] = None, "mine.gguf"
    assert bytes_to_come(config, tmp_path) == 2000 + FLOAT32 * 3 * LAYERS


def test_a_disk_that_is_too_small(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(root, {"experiment": "smoke"})
    check_machine(config, tmp_path, "local")
    need = bytes_to_come(config, tmp_path)
    usage = shutil.disk_usage(tmp_path)
    for free, enough in ((need, True), (need - 1, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
        if enough:
            check_machine(config, tmp_path, "local")
        else:
            with pytest.raises(MopeError, match="GB are free, but the models of this run take"):
                check_machine(config, tmp_path, "local")


def test_a_cluster_without_its_commands(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(root, {"experiment": "smoke"})
    monkeypatch.setenv("PATH", str(tmp_path))
    for present, missing in (([], "sbatch"), (["sbatch", "scancel"], "squeue or sacct")):
        for name in present:
            (tmp_path / name).write_text("#!/bin/sh\n")
            (tmp_path / name).chmod(0o755)
        with pytest.raises(MopeError, match=f"{missing}: no such command"):
            check_machine(config, tmp_path, "slurm")
    check_machine(config, tmp_path, "local")
    (tmp_path / "squeue").symlink_to("sbatch")
    check_machine(config, tmp_path, "slurm")


def test_more_gpus_than_there_are(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(root, {"experiment": "smoke", "devices": {"expert": 2}})
    monkeypatch.setenv("PATH", str(tmp_path))
    check_machine(config, tmp_path, "local")  # two processes on the CPU
    script = tmp_path / "nvidia-smi"
    for count in (1, 2):
        script.write_text("#!/bin/sh\n" + "echo 'GPU 0: a card (UUID: x)'\n" * count)
        script.chmod(0o755)
        if count == 2:
            check_machine(config, tmp_path, "local")
        else:
            with pytest.raises(MopeError, match=r"devices\.expert: 2 found, a number ≤ 1 \(GPUs here\)"):
                check_machine(config, tmp_path, "local")
    monkeypatch.setenv("MOPE_GPUS", "3")
    with pytest.raises(MopeError, match="MOPE_GPUS: '3' found, at least 2 devices are expected"):
        check_machine(config, tmp_path, "local")
