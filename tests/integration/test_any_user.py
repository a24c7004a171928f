"""A user without a name, on a machine where HOME cannot be written: make finds a place for what libraries keep."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

NAMES = ("USER", "LOGNAME", "LNAME", "USERNAME", "HOME", "XDG_CACHE_HOME", "MAKEFLAGS")
NAMELESS = ["unshare", "--user", "--map-user=54321", "--map-group=54321"]  # the real user's rights, but no name
TARGETS = ["results/mine/data/corpus.parquet", "results/mine/data/train.parquet"]


def can_be_nameless() -> bool:
    if shutil.which("unshare") is None:
        return False
    outcome = subprocess.run([*NAMELESS, "id", "-u"], capture_output=True, text=True)
    return outcome.stdout.strip() == "54321"


@pytest.fixture
def place(copy_project: Callable[[Path], Path], tmp_path: Path) -> Path:
    folder = copy_project(tmp_path)
    own = {"run": "mine", "data": {"corpus": 100, "train": {"prompts": 24}}, "feedback": {"pairs": 20}}
    (folder / "mine.yaml").write_text(yaml.safe_dump(own))
    return folder


def make(folder: Path, *arguments: str, before: tuple[str, ...] = (), **names: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in NAMES} | names
    command = [*before, "make", f"BIN={Path(sys.executable).parent}", "READY=", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)


@pytest.mark.skipif(not can_be_nameless(), reason="user namespaces are not to be had here")
def test_an_unknown_user_whose_home_cannot_be_written(place: Path) -> None:
    own = (
        f"SNAKEMAKE={sys.executable} -m snakemake --cores 1 --configfile mine.yaml --until write_corpus prepare_prompts"
    )
    outcome = make(place, "human-study", "RUN=mine", own, "LIST_AGAIN=true", before=NAMELESS, HOME="/proc/1/nohome")
    assert outcome.returncode == 0, outcome.stderr
    assert all((place / target).is_file() for target in TARGETS)
    assert (place / ".snakemake/cache").is_dir()


def test_a_home_that_cannot_be_written(place: Path) -> None:
    outcome = make(place, "dry-run", HOME="/proc/1/nohome")
    assert outcome.returncode == 0, outcome.stderr
    assert "write_manifest" in outcome.stdout + outcome.stderr


def test_a_cache_of_ones_own_is_left_as_it_is(place: Path, tmp_path: Path) -> None:
    cache = tmp_path / "my cache"
    outcome = make(place, "dry-run", HOME="/proc/1/nohome", XDG_CACHE_HOME=str(cache))
    assert outcome.returncode == 0, outcome.stderr
    assert (cache / "snakemake").is_dir() and not (place / ".snakemake/cache").exists()
