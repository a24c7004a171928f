"""How jobs are started: their interpreter, environment and log, and what the terminal shows."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TARGET = "results/laptop/data/corpus.parquet"
STAGE = """
import argparse, json, os, sys
parser = argparse.ArgumentParser()
for name in ("settings", "preferences", "out", "world"):
    parser.add_argument(f"--{name}")
args = parser.parse_args()
names = ["OMP_NUM_THREADS", "PYTHONHASHSEED", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "TOKENIZERS_PARALLELISM"]
record = {name: os.environ[name] for name in names} | {"python": sys.executable, "settings": json.loads(args.settings)}
print("10%|#    | 1/10", file=sys.stderr)
if "fail" in os.environ:
    sys.exit("error: feedback.csv: empty")
os.makedirs(os.path.dirname(args.out), exist_ok=True)
open(args.out, "w").write(json.dumps(record))
"""


@pytest.fixture(scope="module")
def stubbed(project: Path) -> Path:
    """The copy, with a first stage that only records how it was called."""
    (project / "workflow/scripts/write_corpus.py").write_text(STAGE)
    return project


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The first stage under the local profile."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--workflow-profile",
        "workflow/profiles/local",
        "--cores",
        "1",
        TARGET,
    ]
    variables = {"PYTHONPATH": "workflow", **environment}
    return subprocess.run(command, cwd=folder, env=os.environ | variables, capture_output=True, text=True, timeout=300)


def test_a_job_gets_its_settings_environment_and_log(stubbed: Path) -> None:
    outcome = run(stubbed)
    assert outcome.returncode == 0, outcome.stderr
    record = json.loads((stubbed / TARGET).read_text())
    assert Path(record.pop("python")).samefile(sys.executable)
    assert record.pop("settings").keys() == {"corpus", "follow_rate", "preferences", "seed"}
    assert record == {
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    assert "1/10" in (stubbed / "results/laptop/logs/write_corpus.log").read_text()
    assert "[2/2] write_corpus done in" in outcome.stderr


def test_a_failed_job_is_one_line_with_its_reason_and_log(stubbed: Path) -> None:
    (stubbed / TARGET).unlink(missing_ok=True)
    outcome = run(stubbed, fail="yes")
    assert outcome.returncode != 0
    line = next(line for line in outcome.stderr.splitlines() if line.startswith("FAILED"))
    assert line == "FAILED write_corpus: error: feedback.csv: empty (log: results/laptop/logs/write_corpus.log)"
    assert "Traceback" not in outcome.stderr
    assert not (stubbed / TARGET).exists()


def test_a_dry_run_shows_what_would_run(stubbed: Path, snakemake: Callable) -> None:
    outcome = snakemake(stubbed, "--dry-run", "--forceall", TARGET)
    assert "rule write_corpus" in outcome.stderr + outcome.stdout
