"""A page of docs/howto as its reader follows it: files to write, entries to add to tables, commands to run.

An HTML comment above a block of code says what to do with it: `file: PATH, ...` write it to these files; `insert: PATH`
add its imports and entries to the table in this file; `dry run` run its commands, but plan instead of training; `fails`
run its command, which must fail; `not run: REASON` leave it. Blocks of commands without a comment are run; other blocks
without one are only shown.
"""

import re
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
MARKS = {"file", "insert", "dry run", "fails", "not run"}


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
