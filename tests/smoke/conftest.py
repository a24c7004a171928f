"""Copies of the finished smoke run that a test may change."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

EXPERIMENT = "workflow/experiments/smoke.yaml"


@pytest.fixture
def run(smoke: Path, tmp_path: Path) -> Path:
    """A copy of the project with its finished smoke run."""
    return shutil.copytree(smoke, tmp_path / "project", symlinks=True)


@pytest.fixture
def change(run: Path) -> Callable[..., None]:
    """`change(section=values)`: keys of the copy's experiment `smoke`."""

    def apply(**sections: dict) -> None:
        content = yaml.safe_load((run / EXPERIMENT).read_text())
        for name, values in sections.items():
            content[name] = content.get(name, {}) | values
        (run / EXPERIMENT).write_text(yaml.safe_dump(content, sort_keys=False))

    return apply
