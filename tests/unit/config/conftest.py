"""What the tests of configurations share."""

from pathlib import Path

import pytest
from configurations import copy_configurations


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """The configurations of the project and what they are checked against."""
    return copy_configurations(root, tmp_path)
