"""The commands of studies: `make study`, and what it runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def runs(root: Path, study: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "workflow/scripts/study_runs.py", study]
    environment = os.environ | {"PYTHONPATH": "workflow"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("study", "experiments"),
    [("seeds", ["seed_8", "seed_9"]), ("follow_rate", ["follow_rate_10", "follow_rate_50", "follow_rate_90"])],
)
def test_a_study_runs_what_the_default_experiment_does_not(study: str, experiments: list[str], root: Path) -> None:
    assert runs(root, study).stdout.split() == experiments


@pytest.mark.parametrize(
    ("arguments", "said"), [([], "STUDY is not set"), (["STUDY=seed"], "'seed' found, one of follow_rate, seeds")]
)
def test_a_study_that_is_not_there_runs_nothing(arguments: list[str], said: str, root: Path, make) -> None:
    outcome = make(root, "study", *arguments)
    assert outcome.returncode != 0 and outcome.stdout == ""
    assert said in outcome.stderr and "Traceback" not in outcome.stderr


def test_each_run_is_made_then_kept_and_the_first_failure_ends_it(project: Path, make) -> None:
    """The real loop in a copy of the project whose commands only say what they would do."""
    makefile = project / "Makefile"
    said = "\nresults:\n\t@echo made $(EXPERIMENT)\nreference:\n\t@echo kept $(EXPERIMENT)\nverify:\n\t@"
    makefile.write_text(makefile.read_text() + f"{said}true\n")
    outcome = make(project, "study", "STUDY=seeds")
    assert outcome.stdout.split("\n")[:4] == ["made seed_8", "kept seed_8", "made seed_9", "kept seed_9"]
    assert outcome.returncode == 0, outcome.stderr
    makefile.write_text(makefile.read_text().removesuffix("true\n") + "false\n")
    outcome = make(project, "study", "STUDY=seeds")
    assert outcome.returncode != 0 and outcome.stdout == "made seed_8\n"
