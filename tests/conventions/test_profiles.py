"""The profiles fit the rules: stages that run models ask SLURM for a GPU, all others for none."""

import re
from pathlib import Path

import pytest
import yaml

from mope.provenance.code import closure


def stages(root: Path) -> dict[str, str]:
    """Stage by name of rule, for the rules that have a name of their own, also those derived from others."""
    found = {}
    for file in (root / "workflow/rules").glob("*.smk"):
        for block in re.split(r"^ *rule ", file.read_text(), flags=re.MULTILINE)[1:]:
            found[block.split(":")[0]] = re.search(r'stage\(f?"([\w{}]+)"', block).group(1)
        for known, name in re.findall(r"^ *use rule (\w+) as (\w+) with", file.read_text(), re.MULTILINE):
            found[name] = found[known]
    return found


@pytest.fixture(scope="module")
def asked(root: Path) -> dict[str, dict]:
    return yaml.safe_load((root / "workflow/profiles/slurm/config.yaml").read_text())["set-resources"]


def test_the_slurm_profile_names_rules_that_exist(root: Path, asked: dict) -> None:
    assert asked.keys() <= stages(root).keys()


def test_stages_that_compute_with_torch_ask_for_a_gpu_and_others_for_none(root: Path, asked: dict) -> None:
    def computes(stage: str) -> bool:
        files = closure(root / f"workflow/scripts/{stage}.py")
        return any(re.search(r"^import torch$", file.read_text(), re.MULTILINE) for file in files)

    converting = {"import_base", "expert_distances"}  # read models, compute seconds
    expected = {rule for rule, stage in stages(root).items() if computes(stage)} - converting
    assert "train_expert" in expected
    assert {rule for rule, resources in asked.items() if "gres" in resources} == expected


def test_both_profiles_give_what_rules_leave_out(root: Path) -> None:
    """Rules that run no model state neither memory nor time."""
    profiles = [yaml.safe_load(file.read_text()) for file in sorted((root / "workflow/profiles").glob("*/config.yaml"))]
    assert len(profiles) == 2
    for profile in profiles:
        assert profile["default-resources"].items() >= {"runtime": 60, "mem_mb": "3000 * attempt"}.items()


def test_gpu_rules_use_no_resource_that_breaks(asked: dict) -> None:
    for resources in asked.values():
        assert not resources.keys() & {"gpus", "nvidia_gpu", "tasks", "cpus_per_task"}
