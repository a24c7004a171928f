"""A page of docs/howto as its reader follows it: files to write, entries to add to tables, commands to run.

An HTML comment above a block of code says what to do with it: `file: PATH, ...` write it to these files; `insert: PATH`
add its imports and entries to the table in this file; `dry run` run its commands, but plan instead of training;
`finished run` run its commands where a run has finished; `fails` run its command, which must fail; `not run: REASON`
leave it. Blocks of commands without a comment are run; other blocks without one are only shown.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
MARKS = {"file", "insert", "dry run", "finished run", "fails", "not run"}


@dataclass(frozen=True)
class CodeBlock:
    """A fenced block: its language, mark and argument of the comment above it, its text."""

    language: str
    mark: str
    argument: str
    text: str


def code_blocks(page: str) -> list[CodeBlock]:
    """The blocks of a page in order; `ValueError` for a comment with another mark."""
    found = []
    for block in BLOCK.finditer(page):
        mark, _, argument = (block["mark"] or "").partition(": ")
        if mark and mark not in MARKS:
            raise ValueError(f"{mark!r} above a block of code; one of {', '.join(sorted(MARKS))} is expected")
        found.append(CodeBlock(block["language"], mark, argument, block["text"]))
    return found


def write_files(blocks: list[CodeBlock], folder: Path) -> None:
    """Write the files of a page, and add its entries to tables."""
    for block in blocks:
        if block.mark == "file":
            for name in block.argument.split(", "):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(block.text)
        elif block.mark == "insert":
            (folder / block.argument).write_text(with_entries((folder / block.argument).read_text(), block.text))


def with_entries(table: str, added: str) -> str:
    """A table's module with the imports (not indented) and the entries (indented) of `added`."""
    imports = [line for line in added.splitlines() if line.startswith("from ")]
    entries = [line for line in added.splitlines() if line.startswith("    ")]
    table = re.sub(r"^from ", "\n".join([*imports, "from "]), table, count=1, flags=re.MULTILINE)
    return re.sub(r"^(\w+ = \{)$", "\n".join([r"\1", *entries]), table, count=1, flags=re.MULTILINE)


def install(folder: Path) -> None:
    """Let `.venv` of a copy of the project be this interpreter's packages, as if `make` had installed them there."""
    (folder / ".venv").mkdir()
    for part in Path(sys.prefix).iterdir():
        (folder / ".venv" / part.name).symlink_to(part)
    for stamp in (".installed", ".smollm2"):
        (folder / ".venv" / stamp).unlink(missing_ok=True)
        (folder / ".venv" / stamp).touch()
    (folder / "dry").mkdir()
    (folder / "dry/config.yaml").write_text("dry-run: true\n")


def run_commands(block: CodeBlock, folder: Path, said: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the commands of a block with these variables of the environment; `said` is what they read.

    In a dry run Snakemake plans, and there is no report to make.
    """
    environment = own_environment() | variables
    commands = block.text
    if block.mark == "dry run":
        environment["SNAKEMAKE_PROFILE"] = str(folder / "dry")
        commands = commands.replace("make results", "make dry-run")
    options = {"cwd": folder, "env": environment, "capture_output": True, "text": True, "timeout": 600}
    return subprocess.run(["bash", "-euo", "pipefail", "-c", commands], input=said, **options)


def own_environment() -> dict[str, str]:
    """The environment without what a `make` around the tests has put there."""
    return {name: value for name, value in os.environ.items() if name not in ("VENV", "MAKEFLAGS", "EXPERIMENT")}
