"""A copy of the project's configurations, which a test may change."""

import shutil
from pathlib import Path


def copy_configurations(root: Path, folder: Path) -> Path:
    """Copy config.yaml of the project `root`, its experiments and what they are checked against, to `folder`."""
    shutil.copy(root / "config.yaml", folder)
    for name in ("schemas", "prompts", "experiments"):
        shutil.copytree(root / "workflow" / name, folder / "workflow" / name)
    return folder
