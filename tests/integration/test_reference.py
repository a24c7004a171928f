"""`make reference` copies the small results with their records, and only from a run that is whole."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mope.provenance.artifact import fingerprint, meta_path, require, write
from mope.provenance.manifest import build

SMALL = (
    "tables/win_rates.csv",
    "figures/a.svg",
    "reward/P1A.metrics.json",
    "benchmarks/decoding.json",
    "benchmarks/training.json",
    "claims.json",
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "laptop"
    for name in ("data/train.parquet", *SMALL):
        stage = "train" if "P1A" in name else "other"
        with write(folder / name, stage=stage, params={}, seeds={}) as temporary:
            temporary.write_text(name)
    (folder / "timings").mkdir()
    for name, seconds in (("train.P1A", 2.0), ("train.P1B", 4.0)):
        (folder / f"timings/{name}.tsv").write_text(f"s\tmax_rss\n{seconds}\t7.5\n")
    with write(folder / "manifest.json", stage="write_manifest", params={}, seeds={}) as temporary:
        temporary.write_text(json.dumps(build(folder)))
    return folder


def script(root: Path, name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, root / "workflow/scripts" / name, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(root / "workflow")}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_small_results_are_copied_with_their_records(root: Path, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "reference"
    (out / "tables").mkdir(parents=True)
    (out / "tables/outdated.csv").touch()
    outcome = script(root, "copy_reference.py", "--run", run, "--out", out)
    assert outcome.returncode == 0, outcome.stderr
    files = {file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file()}
    kept = {*SMALL, "manifest.json"}
    kept.add("stage_times.svg")
    assert files == kept | {f"{name}.meta.json" for name in kept} | {"timings.csv"}
    header, row, wall = (out / "timings.csv").read_text().splitlines()
    assert header == "run,rule,seconds,peak_memory_mb,jobs"
    peak = json.loads(meta_path(run / "reward/P1A.metrics.json").read_text())["peak_memory_mb"]
    assert row == f"laptop,train,3.0,{peak:.0f},2" and peak > 1
    assert wall.startswith("laptop,from first to last,") and 0 < float(wall.split(",")[2]) <= 6
    assert require(out / "claims.json").read_text() == "claims.json"


def test_the_inputs_of_a_copied_record_are_named_by_folder(root: Path, run: Path, tmp_path: Path) -> None:
    judgments = [run / f"judgments/{name}.parquet" for name in "ab"]
    for file in judgments:
        file.parent.mkdir(exist_ok=True)
        file.write_text(file.name)
    inputs = [*judgments, run / "data/train.parquet"]
    with write(run / "tables/c.csv", stage="tables", params={}, seeds={}, inputs=inputs) as temporary:
        temporary.write_text("")
    outcome = script(root, "copy_reference.py", "--run", run, "--out", tmp_path / "reference")
    assert outcome.returncode == 0, outcome.stderr
    own, copied = (
        json.loads(meta_path(folder / "tables/c.csv").read_text()) for folder in (run, tmp_path / "reference")
    )
    train = str(inputs[-1])
    assert copied["inputs"] == {
        train: own["inputs"][train],
        f"{run}/judgments/ (2 files)": fingerprint(run / "judgments")["sha256"],
    }
    assert own | {"inputs": None} == copied | {"inputs": None}


def test_of_a_sweep_only_the_rewards_are_kept(root: Path, run: Path, tmp_path: Path) -> None:
    sweep = run.rename(run.with_name("sweep"))
    for name in ("average_win_rates", "mean_rewards"):
        with write(sweep / f"tables/{name}.csv", stage="tables", params={}, seeds={}) as temporary:
            temporary.write_text(name)
    outcome = script(root, "copy_reference.py", "--run", sweep, "--out", tmp_path, "--further")
    assert outcome.returncode == 0, outcome.stderr
    kept = {f"tables/mean_rewards.csv{end}" for end in ("", ".meta.json")} | {"timings.csv"}
    folder = tmp_path / "runs/sweep"
    assert {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()} == kept


def test_of_a_run_of_a_study_only_the_tables_that_it_needs_are_kept(root: Path, run: Path, tmp_path: Path) -> None:
    run = run.rename(run.with_name("seed_8"))
    names = ("average_win_rates", "average_differences", "overall_win_rates", "mean_rewards")
    for name in names:
        with write(run / f"tables/{name}.csv", stage="tables", params={}, seeds={}) as temporary:
            temporary.write_text(name)
    outcome = script(root, "copy_reference.py", "--run", run, "--out", tmp_path, "--further")
    assert outcome.returncode == 0, outcome.stderr
    kept = {f"tables/{name}.csv{end}" for name in names for end in ("", ".meta.json")} | {"timings.csv"}
    folder = tmp_path / "runs/seed_8"
    assert {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()} == kept


def test_a_further_run_is_kept_beside_the_main_one_and_outlives_it(root: Path, run: Path, tmp_path: Path) -> None:
    for name in ("average_win_rates", "overall_win_rates", "mean_rewards"):
        with write(run / f"tables/{name}.csv", stage="tables", params={}, seeds={}) as temporary:
            temporary.write_text(name)
    with write(run / "figures/variants.svg", stage="plot_variants", params={}, seeds={}) as temporary:
        temporary.write_text("<svg/>")
    out = tmp_path / "reference"
    outcome = script(root, "copy_reference.py", "--run", run, "--out", out, "--further")
    assert outcome.returncode == 0, outcome.stderr
    names = (
        "claims.json",
        "figures/variants.svg",
        "benchmarks/decoding.json",
        *(f"tables/{n}.csv" for n in ("average_win_rates", "overall_win_rates", "mean_rewards")),
    )
    kept = {f"runs/laptop/{name}{end}" for name in names for end in ("", ".meta.json")}
    kept |= {f"runs/laptop/{name}" for name in ("timings.csv", "stage_times.svg", "stage_times.svg.meta.json")}
    assert {file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file()} == kept
    assert script(root, "copy_reference.py", "--run", run, "--out", out).returncode == 0
    assert (out / "runs/laptop/tables/mean_rewards.csv").is_file() and (out / "claims.json").is_file()


def test_what_another_run_added_is_not_copied(root: Path, run: Path, tmp_path: Path) -> None:
    with write(run / "reward/general.metrics.json", stage="train", params={}, seeds={}) as temporary:
        temporary.write_text("no job of this run")
    record = meta_path(run / "reward/general.metrics.json")
    record.write_text(json.dumps(json.loads(record.read_text()) | {"peak_memory_mb": 1e6}))
    outcome = script(root, "copy_reference.py", "--run", run, "--out", tmp_path / "reference")
    assert outcome.returncode == 0, outcome.stderr
    assert not (tmp_path / "reference/reward/general.metrics.json").exists()
    assert "1000000" not in (tmp_path / "reference/timings.csv").read_text()


def test_a_later_benchmark_is_no_part_of_the_time(root: Path, run: Path, tmp_path: Path) -> None:
    for rule in ("benchmark_decoding", "claims"):
        file = run / f"timings/{rule}.tsv"
        file.write_text("s\tmax_rss\n1.0\t7.5\n")
        os.utime(file, (file.stat().st_mtime + 1000,) * 2)
    assert script(root, "copy_reference.py", "--run", run, "--out", tmp_path / "reference").returncode == 0
    rows = [line.split(",") for line in (tmp_path / "reference/timings.csv").read_text().splitlines()]
    assert {row[1] for row in rows[1:]} == {"claims", "train", "from first to last"}
    assert 0 < float(rows[-1][2]) <= 6


def test_a_pause_in_which_nothing_ran_is_no_part_of_the_time(root: Path, run: Path, tmp_path: Path) -> None:
    for name, start, end in (
        ("train.P1A", 0, 10),
        ("train.P1B", 5, 20),
        ("score.P1A", 50, 60),
        ("score.P1B", 1060, 1070),
    ):
        file = run / f"timings/{name}.tsv"
        file.write_text(f"s\tmax_rss\n{end - start}\t7.5\n")
        os.utime(file, (1e9 + end,) * 2)
    assert script(root, "copy_reference.py", "--run", run, "--out", tmp_path / "reference").returncode == 0
    last = (tmp_path / "reference/timings.csv").read_text().splitlines()[-1]
    assert last.split(",")[1:3] == ["from first to last", "70.0"]


def test_a_damaged_result_is_not_copied(root: Path, run: Path, tmp_path: Path) -> None:
    (run / "claims.json").write_text("[]")
    outcome = script(root, "copy_reference.py", "--run", run, "--out", tmp_path / "reference")
    assert (outcome.returncode, outcome.stderr.count("\n")) == (2, 1)
    assert "claims.json: 2 bytes found" in outcome.stderr
    assert not (tmp_path / "reference").exists()


def test_benchmarks_of_the_reference_stay_where_a_run_has_none(root: Path, run: Path, tmp_path: Path) -> None:
    copied = ("copy_reference.py", "--run", run, "--out", tmp_path / "reference")
    assert script(root, *copied).returncode == 0
    kept = (tmp_path / "reference/benchmarks/decoding.json").read_bytes()
    shutil.rmtree(run / "benchmarks")
    outcome = script(root, *copied)
    assert outcome.returncode == 0 and "no benchmarks/decoding.json, " in outcome.stdout
    assert (tmp_path / "reference/benchmarks/decoding.json").read_bytes() == kept


def test_a_run_without_its_claims_is_not_copied(root: Path, run: Path, tmp_path: Path) -> None:
    (run / "claims.json").unlink()
    (run / "claims.json.meta.json").unlink()
    outcome = script(root, "copy_reference.py", "--run", run, "--out", tmp_path / "reference")
    assert (outcome.returncode, outcome.stderr.count("\n")) == (2, 1)
    assert "no claims.json found; finish `make results`" in outcome.stderr
    assert not (tmp_path / "reference").exists()


def test_verification_names_the_damage_and_fails(root: Path, run: Path) -> None:
    assert script(root, "verify.py", run).returncode == 0
    (run / "data/train.parquet").write_text("x")
    outcome = script(root, "verify.py", run)
    assert outcome.returncode == 2
    assert "train.parquet: 1 bytes found" in outcome.stderr
    assert "1 problems found; `make repair` makes the named files anew" in outcome.stderr


def test_the_time_of_the_tests_is_kept(root: Path, run: Path, tmp_path: Path) -> None:
    suite = '<testsuite name="pytest" tests="3" time="1.5" />'
    (tmp_path / "tests.xml").write_text(f"<testsuites>{suite}{suite}</testsuites>")
    out = tmp_path / "reference"
    outcome = script(root, "copy_reference.py", "--run", run, "--out", out, "--tests", tmp_path / "tests.xml")
    assert outcome.returncode == 0, outcome.stderr
    assert json.loads((out / "tests.json").read_text()) == {"tests": 6, "seconds": 3.0}
