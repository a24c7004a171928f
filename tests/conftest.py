"""What several tests share: where the project lies, and a copy of it that a test may change."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chat_server import Server
from filelock import FileLock
from hypothesis import HealthCheck, settings

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false")
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in the background of a script; the stages would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:  # as under nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
# How long an example takes says nothing where other work shares the processor.
settings.register_profile("any_machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_machine")
ROOT = Path(__file__).resolve().parents[1]
COPIED = ["Snakefile", "config.yaml", "workflow", "envs", "Makefile", "pyproject.toml", "constraints.txt"]


@pytest.fixture(scope="session")
def root() -> Path:
    """The project."""
    return ROOT


def copied(folder: Path) -> Path:
    """A copy of the project without results in an empty folder."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def copy_project() -> Callable[[Path], Path]:
    """`copy_project(folder)`: a copy of the project without results in an empty folder."""
    return copied


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project without results."""
    return copied(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def make() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`make(folder, *arguments)`: the real command, with this interpreter's packages instead of an installation."""

    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["make", f"BIN={Path(sys.executable).parent}", "READY=", *arguments]
        # As a user's own command: under `make test` it would inherit that make's flags and announce each folder.
        environment = {
            key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
        }
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1200)

    return run


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory, make: Callable) -> Path:
    """A copy of the project in which the experiment `smoke` has run: two minutes, once for all processes."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "finished_smoke"
    with FileLock(f"{shared}.lock"):  # the process that comes first makes the run
        if not shared.exists():
            folder = copied(tmp_path_factory.mktemp("smoke"))
            outcome = make(folder, "smoke")
            assert outcome.returncode == 0, outcome.stdout + outcome.stderr
            folder.rename(shared)
    return shutil.copytree(shared, own / "smoke_run", symlinks=True)


@pytest.fixture(scope="session")
def snakemake() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`snakemake(folder, *arguments)`: the real command, stopped after twenty minutes."""

    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "snakemake", *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1200)

    return run


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """`serve(plan)`: a chat-completions server on loopback that answers as planned and counts its calls."""
    servers = []

    def start(plan: Callable) -> Server:
        servers.append(Server(plan))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator:
    """A `Browser` that saves files in `tmp_path / "downloads"`."""
    from browser import Browser  # selenium is for the tests that open a page

    window = Browser(tmp_path / "downloads")
    yield window
    window.driver.quit()
