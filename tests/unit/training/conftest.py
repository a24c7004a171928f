"""What several tests of trainings share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mope.training.checkpoints import Checkpoints


@pytest.fixture
def saved(tmp_path: Path) -> Iterator[Checkpoints]:
    """Checkpoints that are never due."""
    checkpoints = Checkpoints(tmp_path / "checkpoints", 1000)
    yield checkpoints
    checkpoints.ignore()
