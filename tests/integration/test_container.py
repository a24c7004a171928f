"""The files that envs/Containerfile copies are there, and they are enough for `make docs` and a dry run."""

import re
import shutil
from pathlib import Path

from howto_page import CodeBlock, install, run_commands


def copied(root: Path, folder: Path) -> None:
    """Do what the lines COPY say."""
    lines = re.findall(r"^COPY (.+) (\S+)$", (root / "envs/Containerfile").read_text(), re.MULTILINE)
    assert lines
    for sources, target in lines:
        for source in sources.split():
            assert (root / source).exists(), f"envs/Containerfile: COPY {source}"
            if (root / source).is_dir():
                shutil.copytree(root / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(root / source, folder / target)


def test_what_is_copied_is_enough(root: Path, tmp_path: Path) -> None:
    copied(root, tmp_path)
    install(tmp_path)
    outcome = run_commands(CodeBlock("bash", "", "", "make docs\nmake dry-run\n"), tmp_path)
    assert outcome.returncode == 0, outcome.stdout[-2000:] + outcome.stderr[-2000:]
    for page in ("docs/costs.md", "docs/results.md", "docs/configuration.md", "README.md"):
        assert (tmp_path / page).read_text() == (root / page).read_text(), page
