"""`make gpu-check` with tiny models on a CPU: every step, limits included, with no package beyond those it promises."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from importlib import metadata
from pathlib import Path

import pytest

from mope.benchmark.gpu_check import LIMITS, STEP_NAMES
from mope.report.docs.gpu_section import gpu_section
from mope.report.docs.reference_runs import GPU_CHECK

PROMISED = ("torch", "transformers", "peft", "safetensors", "pandas", "pyarrow")
SITE = '''
import sys
from importlib.machinery import PathFinder

BLOCKED = set({blocked!r})


class OnlyPromised(PathFinder):
    """Packages that are installed here, but may not be elsewhere."""

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        return None if fullname.partition(".")[0] in BLOCKED else super().find_spec(fullname, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = OnlyPromised
'''


def needed(names: tuple[str, ...]) -> set[str]:
    """The distributions that these require, and what those require, extras aside."""
    found, left = set(), list(names)
    while left:
        name = re.sub(r"[-_.]+", "-", left.pop()).lower()
        if name in found:
            continue
        found.add(name)
        try:
            required = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # of another platform
            continue
        left += [re.match(r"[\w.-]+", line)[0] for line in required if "extra ==" not in line]
    return found


def others() -> list[str]:
    """Top-level names of all other installed packages."""
    allowed = needed(PROMISED)
    owners = metadata.packages_distributions()
    return sorted(
        name
        for name, of in owners.items()
        if name != "mope" and not {re.sub(r"[-_.]+", "-", each).lower() for each in of} & allowed
    )


@pytest.fixture(scope="module")
def folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the program wrote its file."""
    folder = tmp_path_factory.mktemp("check")
    blocked = others()
    assert {"trl", "datasets", "jsonschema", "snakemake"} <= set(blocked) and not {"torch", "yaml"} & set(blocked)
    (folder / "sitecustomize.py").write_text(SITE.format(blocked=blocked))
    command = [sys.executable, "workflow/scripts/gpu_check.py", "--shape", "tiny", "--out", folder / GPU_CHECK]
    environment = {
        **os.environ,
        **{"PYTHONPATH": f"{folder}:{root / 'workflow'}", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
    }
    outcome = subprocess.run(
        [*command, "--step-limit", "compiled=3"], cwd=root, env=environment, capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stderr
    return folder


@pytest.fixture(scope="module")
def report(folder: Path) -> dict:
    """What it wrote."""
    return json.loads((folder / GPU_CHECK).read_text())


def test_every_step_ends_as_it_should(report: dict) -> None:
    assert tuple(report) == STEP_NAMES
    found = {name: (step["status"], step["reason"]) for name, step in report.items()}
    measured = set(STEP_NAMES) - {"compiled", "experiment"}
    assert {name: found[name] for name in measured} == dict.fromkeys(measured, ("done", ""))
    assert found["compiled"] == ("cut", "its limit of 3 s was reached")
    assert found["experiment"][0] == "skipped" and "trl" in found["experiment"][1]
    assert all(step["seconds"] < LIMITS[name] + 30 for name, step in zip(LIMITS, report.values()))


def test_decoding_is_measured_in_every_way(report: dict) -> None:
    decoding, graphs = report["decoding"]["records"], report["graphs"]["records"]
    assert Counter(record["requests"] for record in decoding) == {1: 9, 8: 9, 32: 9}
    assert Counter(record["requests"] for record in graphs) == {1: 7, 8: 7, 32: 7}
    assert {record["way"] for record in graphs} == {"fixed shapes"}
    keys = {"ms_per_step", "ratio_to_single", "floor_ratio", "peak_memory_mb", "device"}
    assert all(keys <= record.keys() and record["ms_per_step"] > 0 for record in decoding + graphs)


def test_every_training_stands_beside_its_plan(report: dict) -> None:
    records = [record for name in ("controller", "reward", "expert") for record in report[name]["records"]]
    assert [record["stage"] for record in records] == [
        *("train_controller", "train_reward", "train_reward", "train_expert")
    ]
    for record in records:
        assert record["planned_over_measured"] == pytest.approx(
            record["planned_mb"] / record["peak_memory_mb"], abs=1e-3
        )


def test_answers_of_the_cpu_equal_themselves(report: dict) -> None:
    [record] = report["equality"]["records"]
    assert record["equal"] == record["answers"] == 8 and record["largest_difference"] == 0


def test_the_machine_is_named(report: dict) -> None:
    [record] = report["machine"]["records"]
    assert record["device"].startswith("cpu") and record["torch"] == metadata.version("torch")


def test_the_page_of_costs_shows_it(folder: Path, report: dict, tmp_path: Path) -> None:
    assert list(gpu_section(tmp_path)) == []
    text = "\n\n".join(gpu_section(folder))
    step = next(record for record in report["graphs"]["records"] if record["system"] == "mope")
    [found] = [line for line in text.splitlines() if line.startswith("| `mope` | fixed shapes |")]
    assert f"| {step['ms_per_step']:.1f} ms, {step['ratio_to_single']:.2f}x" in found
    assert sum(line.startswith("| `train_") for line in text.splitlines()) == 4
    assert "| `compiled` | cut | its limit of 3 s was reached |" in text and "8 of 8 are those of the CPU" in text
    assert f"torch {metadata.version('torch')}" in text
