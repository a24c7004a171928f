"""A cluster and a project for all tests of this folder."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cluster import PROGRAMS, Cluster  # noqa: E402

# What differs from a site's cluster: no accounting, short jobs, files seen at once.
HERE = ["--slurm-status-command", "squeue", "--slurm-no-account", "--slurm-init-seconds-before-status-checks", "6"]
HERE += ["--slurm-keep-successful-logs", "--latency-wait", "5", "--jobs", "6"]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster, up for the whole session."""
    path = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"
    missing = [name for name in PROGRAMS if not shutil.which(name, path=path)]
    assert not missing, f"{missing[0]} not found; apt-get install slurm-wlm munge"
    with Cluster(tmp_path_factory.mktemp("slurm") / "cluster") as running:
        yield running


@pytest.fixture(scope="module")
def start(cluster: Cluster, project: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """`start(*arguments)`: Snakemake with the SLURM profile on the smoke experiment, in the background."""

    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-m",
            "snakemake",
            *arguments,
            "--workflow-profile",
            "workflow/profiles/slurm",
            *HERE,
        ]
        command += ["--config", "experiment=smoke", "base={epochs: 30}"]
        environment = cluster.environment | {"OMP_NUM_THREADS": "1"}
        log = (project / "snakemake.log").open("w")
        started.append(subprocess.Popen(command, cwd=project, env=environment, stdout=log, stderr=log, text=True))
        return started[-1]

    yield begin
    for process in started:
        process.kill()


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> object:
    """What `condition` returns as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.2)
    return found
