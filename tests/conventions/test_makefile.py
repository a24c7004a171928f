"""`make help` names every command; a name that a user gives reaches the shell as one word."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HOSTILE = 'it\'s `touch run` "a" & b; c $x $(shell touch ran) ${HOME} $$'
ONE_NAME = [  # command, and a variable that reaches it as a part of one word
    ("results", "EXPERIMENT"),
    ("results", "CONFIG"),
    ("results", "RUN"),
    ("verify", "RUN"),
    ("repair", "RUN"),
    ("human-study", "RUN"),
    ("benchmark", "RUN"),
    ("plan", "EXPERIMENT"),
    ("plan", "CONFIG"),
    ("study", "STUDY"),
    ("publish", "OWNER"),
    ("judge-batch", "JUDGE"),
    ("serve", "PORT"),
]
WORDS = {"plan": "PLAN", "load-test": "LOAD", "gpu-check": "CHECK", "judge-collect": "FILES", "publish": "MODELS"}


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


TELL = """#!{python}
import json, os, sys
if sys.argv[1].endswith("with_words.py"):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
with open({out!r}, "a") as out:
    out.write(json.dumps(sys.argv[1:]) + chr(10))
"""


@pytest.fixture
def told(project: Path, make: Callable, tmp_path: Path) -> Callable[..., list[list[str]]]:
    """`told(command, *variables)`: the words of all programs that a command of make starts, which only tell them."""
    for name in ("python", "snakemake"):
        (tmp_path / name).write_text(TELL.format(python=sys.executable, out=str(tmp_path / "out")))
        (tmp_path / name).chmod(0o755)

    def run(*arguments: str) -> list[list[str]]:
        (tmp_path / "out").write_text("")
        outcome: subprocess.CompletedProcess[str] = make(project, *arguments, f"BIN={tmp_path}")
        found = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
        assert found, outcome.stderr
        assert not (project / "run").exists() and not (project / "ran").exists()
        return found

    return run


@pytest.mark.parametrize(("command", "variable"), ONE_NAME)
def test_no_part_of_a_name_is_a_command(told: Callable, command: str, variable: str) -> None:
    given = {"RUN": "mine", "OWNER": "me", variable: HOSTILE}
    found = told(command, *(f"{name}={value}" for name, value in given.items()))
    assert any(HOSTILE in word for words in found for word in words)


@pytest.mark.parametrize(("command", "variable"), WORDS.items())
def test_of_several_words_none_is_a_command(told: Callable, command: str, variable: str) -> None:
    given = "a `touch run` 'my files/$x 1' ; touch run $(shell touch ran)"
    (words,) = told(command, "RUN=mine", "OWNER=me", f"{variable}={given}")
    assert words[-10:] == ["a", "`touch", "run`", "my files/$x 1", ";", "touch", "run", "$(shell", "touch", "ran)"]


def test_the_name_of_a_file_may_have_spaces(told: Callable, project: Path) -> None:
    (project / "my files").mkdir()
    (project / "my files/it's 1.jsonl").touch()
    (words,) = told("judge-collect", "FILES=my files/it's 1.jsonl")
    assert words[-1] == "my files/it's 1.jsonl"


def test_a_line_break_is_refused(root: Path, make: Callable) -> None:
    outcome = make(root, "verify", "RUN=a\ntouch run\n")
    assert outcome.returncode != 0 and "RUN: a line break found; one line is expected" in outcome.stderr
