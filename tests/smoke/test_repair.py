"""A finished run is repaired, moved and shown: exactly what is damaged is made anew, and nothing damaged is shown."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from finished_run import planned
from howto_page import code_blocks

from mope.provenance.artifact import meta_path

SMOKE = "EXPERIMENT=smoke"
DONE = re.compile(r"^\[\d+/\d+\] (.+) done in", re.MULTILINE)


def jobs(outcome: subprocess.CompletedProcess[str]) -> set[str]:
    """What Snakemake's log handler says was done."""
    return set(DONE.findall(outcome.stderr))


def nothing_to_do(folder: Path, snakemake: Callable) -> bool:
    return planned(snakemake(folder, "--dry-run", "--config", "experiment=smoke")) == Counter()


def test_exactly_what_is_damaged_is_made_anew(run: Path, make: Callable, snakemake: Callable) -> None:
    results = run / "results/smoke"
    (results / "reward/P1A/adapter_model.safetensors").write_bytes(b"changed")  # a model, from which much follows
    (results / "responses/single/mod.parquet").unlink()
    meta_path(results / "data/single.parquet").unlink()
    (results / "tables/mean_rewards.csv").write_text("a table\n")
    outcome = make(run, "verify", SMOKE)
    assert outcome.returncode != 0 and "4 problems found; `make repair`" in outcome.stderr
    outcome = make(run, "repair", SMOKE)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert jobs(outcome) == {"train_reward P1A", "generate mod", "prepare_prompts single", "mean_rewards"}
    outcome = make(run, "verify", SMOKE)
    assert outcome.returncode == 0, outcome.stderr
    assert nothing_to_do(run, snakemake)


def test_a_run_that_is_whole_is_left_alone(run: Path, make: Callable) -> None:
    before = {path: path.stat().st_mtime_ns for path in (run / "results").rglob("*")}
    outcome = make(run, "repair", SMOKE)
    assert outcome.returncode == 0 and jobs(outcome) == set()
    assert "all files are as they were written" in outcome.stdout
    assert {path: path.stat().st_mtime_ns for path in (run / "results").rglob("*")} == before


def test_results_move_to_another_clone_by_the_documented_command(
    root: Path, run: Path, tmp_path: Path, make: Callable, snakemake: Callable, copy_project: Callable
) -> None:
    page = (root / "docs/howto/rerun_and_repair.md").read_text()
    (command,) = [b.text for b in code_blocks(page) if b.language == "bash" and "other-clone" in b.text]
    (tmp_path / "other-clone").mkdir()
    clone = copy_project(tmp_path / "other-clone")
    for file in clone.rglob("*"):
        file.touch()  # a fresh clone is newer than all results
    subprocess.run(["bash", "-euc", command], cwd=run, check=True, timeout=300)
    shutil.rmtree(run)
    assert nothing_to_do(clone, snakemake)
    assert make(clone, "verify", SMOKE).returncode == 0
    (clone / "results/smoke/expert/P1A/adapter_model.safetensors").write_bytes(b"changed")
    outcome = make(clone, "repair", SMOKE)  # which needs what Snakemake has noted of the run
    assert outcome.returncode == 0 and jobs(outcome) == {"train_expert P1A"}, outcome.stderr
    assert nothing_to_do(clone, snakemake)


@pytest.mark.parametrize("name", ["base", "expert/P1B", "controller/mope/seed0", "preferences.yaml"])
def test_chat_names_a_damaged_file(run: Path, name: str) -> None:
    path = run / "results/smoke" / name
    file = next(path.glob("*.safetensors")) if path.is_dir() else path
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    command = [sys.executable, "workflow/scripts/chat.py", "--run", "results/smoke", "--json"]
    environment = {"PYTHONPATH": "workflow", "HF_HUB_OFFLINE": "1"}
    outcome = subprocess.run(command, cwd=run, env=environment, input="", capture_output=True, text=True, timeout=120)
    assert (outcome.returncode, outcome.stderr.count("\n")) == (2, 1), outcome.stderr
    assert f"{file.name}: content differs" in outcome.stderr


@pytest.mark.parametrize("name", ["claims.json", "tables/win_rates.csv", "overview.html"])
def test_a_report_is_not_made_of_damaged_files(run: Path, make: Callable, name: str) -> None:
    (run / "results/smoke/report.html").unlink()
    (run / "results/smoke" / name).write_text("altered")
    outcome = make(run, "report", SMOKE)
    assert outcome.returncode != 0 and f"{name}: 7 bytes found" in outcome.stderr
    assert not (run / "results/smoke/report.html").exists()
