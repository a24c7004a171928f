"""`make help` names every command; a name that a user gives reaches the shell as one word."""

import re
import shlex
from pathlib import Path

import pytest

HOSTILE = 'it\'s `touch run` "a" & b; c'


def test_help_names_every_command(root: Path, make) -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (root / "Makefile").read_text(), re.MULTILINE)[1].split()
    outcome = make(root, "help")
    assert outcome.returncode == 0
    assert set(phony) <= set(re.findall(r"^make ([\w-]+)", outcome.stdout, re.MULTILINE))


@pytest.mark.parametrize(
    ("command", "variable", "before"),
    [("publish", "OWNER", "--owner"), ("plan", "EXPERIMENT", "--experiment"), ("serve", "PORT", "--port")],
)
def test_a_name_is_one_word(root: Path, make, command: str, variable: str, before: str) -> None:
    outcome = make(root, "--dry-run", command, "RUN=mine", f"{variable}={HOSTILE}")
    words = shlex.split(outcome.stdout)
    assert words[words.index(before) + 1] == HOSTILE


def test_an_experiment_and_further_keys_are_words_of_their_own(root: Path, make) -> None:
    keys = "methods={a: {kind: base, prompt: 'it''s'}}"
    outcome = make(root, "--dry-run", "dry-run", "RUN=mine", f"EXPERIMENT={HOSTILE}", f"CONFIG={keys}")
    words = shlex.split(outcome.stdout)
    assert words[words.index("--config") + 1 :][:2] == [f"experiment={HOSTILE}", keys]
