"""What the library reads beside its code is part of an installed package, too."""

import tomllib
from pathlib import Path


def test_every_file_of_data_is_packaged(root: Path) -> None:
    library = root / "workflow/mope"
    patterns = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["mope"]
    packaged = {file for pattern in patterns for file in library.glob(pattern)}
    files = {file for file in library.rglob("*") if file.is_file() and file.suffix not in (".py", ".pyc")}
    assert files == packaged
