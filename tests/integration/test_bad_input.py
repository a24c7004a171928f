"""Bad input through the real command: exit status, one line, nothing created. All kinds of it: tests/unit/config."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mope.runtime.cli import run

CASES = [
    (["--config", "sead=7"], "sead: unknown key", "did you mean seed?"),
    (["--configfile", "override.yaml"], "override.yaml: judges.mine.kind", "rubric"),
    (["--config", "data={train: {source: prompts.jsonl}}"], "prompts.jsonl: line 2: prompt id '1'", "once"),
]


@pytest.mark.parametrize(("arguments", "named", "right"), CASES)
def test_a_bad_configuration(project: Path, snakemake: Callable, arguments: list[str], named: str, right: str) -> None:
    (project / "override.yaml").write_text("judges: {mine: {kind: oracle}}\n")
    (project / "prompts.jsonl").write_text('{"id": "1", "prompt": "a"}\n{"id": "1", "prompt": "b"}\n')
    outcome = snakemake(project, "--cores", "1", *arguments)
    assert outcome.returncode != 0
    assert outcome.stdout == ""
    assert outcome.stderr.count("\n") == 1
    assert outcome.stderr.startswith("error: ")
    assert named in outcome.stderr
    assert right in outcome.stderr
    assert not (project / "results").exists()


def test_a_missing_script_is_named(project: Path, snakemake: Callable) -> None:
    script = project / "workflow/scripts/judge_text.py"
    text = script.read_text()
    script.unlink()
    outcome = snakemake(project, "--dry-run")
    script.write_text(text)
    assert outcome.returncode != 0
    assert "judge_text.py: cannot be read" in outcome.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["missing", "corrupt"])
def test_a_bad_manifest_ends_verification(project: Path, tmp_path: Path, name: str) -> None:
    if name == "corrupt":
        (tmp_path / "manifest.json").write_text("{")
    command = [sys.executable, "workflow/scripts/verify.py", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": "workflow"}
    outcome = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert outcome.returncode == 2
    assert outcome.stderr.count("\n") == 1
    assert "manifest.json" in outcome.stderr


def test_a_stage_under_an_old_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10))
    with pytest.raises(SystemExit, match="Python 3.11 or newer"):
        run(lambda: None)


@pytest.fixture
def old_python(tmp_path: Path) -> Path:
    """A folder with commands that all claim to be Python 3.8."""
    for name in ("python", "python3", *(f"python3.{minor}" for minor in range(11, 15))):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def make(folder: Path, path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("make"), *arguments], cwd=folder, env={"PATH": path}, capture_output=True, text=True, timeout=300
    )


def test_make_without_a_python_of_the_right_version(project: Path, old_python: Path) -> None:
    (project / "constraints.txt").touch()
    outcome = make(project, f"{old_python}:/usr/bin:/bin", "results")
    assert outcome.returncode != 0
    assert "3.11 or newer" in outcome.stderr.splitlines()[0]
    assert not (project / ".venv").exists()
    outcome = make(project, f"{old_python}:/usr/bin:/bin", "results", "PYTHON=python3")
    assert outcome.stderr.splitlines()[0] == "error: python3 is older than Python 3.11, which is needed"


def test_an_interrupted_installation_is_taken_up_again(project: Path, tmp_path: Path) -> None:
    """A stand-in for Python whose first `pip install` fails: the stamp appears only after the second `make`."""
    (project / "constraints.txt").touch()
    stand_in = tmp_path / "python3.11"
    stand_in.write_text(
        f'#!/bin/sh\ncase "$*" in *"-m venv"*) mkdir -p venv/bin; cp "$0" venv/bin/python;;\n'
        f'*"-m pip"*) test -e {tmp_path}/tried || {{ touch {tmp_path}/tried; exit 1; }};; esac\n'
    )
    stand_in.chmod(0o755)
    arguments = ["venv/.installed", "VENV=venv", f"PYTHON={stand_in}"]
    assert make(project, "/usr/bin:/bin", *arguments).returncode != 0
    assert not (project / "venv/.installed").exists()
    assert make(project, "/usr/bin:/bin", *arguments).returncode == 0
    assert (project / "venv/.installed").exists()
    assert "up to date" in make(project, "/usr/bin:/bin", *arguments).stdout
