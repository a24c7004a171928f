"""What the entries of a table declare, read from their source without importing them.

A table is a module with one dictionary, name -> module (or something in a module), such as
`mope.methods.kind_table.METHOD_KINDS`. The Snakefile must know what an entry needs and accepts without loading the
libraries that it uses. Therefore an entry states this in constants that are literals, which are read from its source.
"""

import ast
import functools
from pathlib import Path

from mope.errors import MopeError

WORKFLOW = Path(__file__).resolve().parents[2]


@functools.cache
def modules(table: str) -> dict[str, str]:
    """Entry -> dotted name of its module, in the order of the table; `MopeError` if the table has no dictionary."""
    file = _file(table)
    tree = ast.parse(file.read_text())
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            return {
                key.value: imported[value.id if isinstance(value, ast.Name) else value.value.id]
                for key, value in zip(node.value.keys, node.value.values, strict=True)
            }
    raise MopeError(f"{file}: no table found; a dictionary, name -> module, is expected")


@functools.cache
def declared(table: str) -> dict[str, dict[str, object]]:
    """Entry -> the constants of its module that are literals (numbers, texts, lists, dictionaries), by name."""
    return {name: _literals(_file(module)) for name, module in modules(table).items()}


def separated(table: str, entry: str, settings: dict) -> tuple[dict, dict]:
    """The settings without those that are keys of the entry alone (its REQUIRED and OPTIONAL), and these."""
    constants = declared(table).get(entry, {})
    keys = constants.get("REQUIRED", {}) | constants.get("OPTIONAL", {})
    own = {key: value for key, value in settings.items() if key in keys}
    return {key: value for key, value in settings.items() if key not in own}, own


def chosen(table: str, names: list[str]) -> dict[str, list[str]]:
    """The argument `chosen` of `mope.provenance.code.digest` for some entries of a table."""
    return {table: [modules(table)[name].rsplit(".", 1)[-1] for name in names]}


def _file(module: str) -> Path:
    return WORKFLOW.joinpath(*module.split(".")).with_suffix(".py")


def _literals(file: Path) -> dict[str, object]:
    found = {}
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue  # a computed constant, which declares nothing
    return found
