"""Runs a small experiment of the workflow from end to end, where the packages that it needs are installed."""

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator

from mope.benchmark.timed_steps import CannotRunError
from mope.provenance.artifact import ROOT

NEEDED = ("accelerate", "datasets", "jsonschema", "matplotlib", "openai", "scipy", "snakemake", "statsmodels", "trl")


def missing_packages() -> list[str]:
    """Packages that the workflow needs and this Python does not have."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def run_experiment(name: str) -> Iterator[dict]:
    """One record: the seconds of the run, which goes on from where an earlier one was stopped.

    `CannotRunError` where packages are missing, `RuntimeError` where the run fails.
    """
    missing = missing_packages()
    if missing:
        raise CannotRunError(f"not installed: {', '.join(missing)}")
    begun = time.monotonic()
    profile = ["--workflow-profile", "workflow/profiles/local", "--cores", "all", "--config", f"experiment={name}"]
    process = subprocess.run(
        [sys.executable, "-m", "snakemake", *profile],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "workflow"},
        capture_output=True,
        text=True,
    )
    if process.returncode:
        raise RuntimeError(f"the experiment {name} ended with status {process.returncode}: {process.stderr[-300:]}")
    yield {"experiment": name, "seconds": round(time.monotonic() - begun, 1)}
