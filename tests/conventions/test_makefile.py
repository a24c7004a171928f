"""`make help` names every command."""

import re
from pathlib import Path


def test_help_names_every_command(root: Path, make) -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (root / "Makefile").read_text(), re.MULTILINE)[1].split()
    outcome = make(root, "help")
    assert outcome.returncode == 0
    assert set(phony) <= set(re.findall(r"^make ([\w-]+)", outcome.stdout, re.MULTILINE))
