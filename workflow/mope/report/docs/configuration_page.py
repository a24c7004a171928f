"""docs/configuration.md: every key of config.yaml with its default, the allowed values, and its comment."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from mope.config.entries_schema import resolved
from mope.report.docs.markdown import markdown_table

CONFIGURATION_NOTICE = "<!-- Written by `make docs` from config.yaml and its schema. Change those, not this page. -->"
COMPARISON_SIGNS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
TYPES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "array": "list",
    "object": "mapping",
    "null": "null",
    "boolean": "true or false",
}
INTRODUCTION = """\
An experiment is a file of differences from `config.yaml`, in `workflow/experiments`; `make results EXPERIMENT=<name>`
runs it. Keys are merged one by one, lists are replaced as a whole, and `null` leaves an entry of `methods`, `judges` or
`evaluation_sets` out. A misspelt key, an unknown method or a value out of range ends the run before its first job, with
one line that says what would be right. How an experiment is made: [howto/experiment.md](howto/experiment.md)."""


@dataclass(frozen=True)
class ConfigKey:
    """A key of config.yaml: its path, its default as written, its comment, and the keys below it."""

    path: tuple[str, ...]
    default: str
    comment: str
    children: tuple["ConfigKey", ...]


def configuration_page(root: Path) -> str:
    """The page, for the project in folder `root`."""
    schema = resolved(yaml.safe_load((root / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8")))
    keys = read_keys((root / "config.yaml").read_text(encoding="utf-8"))
    single = [key for key in keys if not key.children]
    parts = [CONFIGURATION_NOTICE, "# Configuration", INTRODUCTION, "## Keys at the top", keys_table(single, schema)]
    for key in keys:
        if key.children:
            parts += [f"## `{key.path[0]}`", key.comment, keys_table(list(key.children), schema)]
            parts += kinds_of_entries(schema["properties"][key.path[0]], schema)
    return "\n\n".join(filter(None, parts)) + "\n"


def keys_table(keys: list[ConfigKey], schema: dict) -> str:
    """A row for each key and for each key below it, which is named by its path."""
    rows = [row for key in keys for row in _rows(key, schema)]
    return markdown_table(["key", "default", "allowed", "meaning"], rows)


def _rows(key: ConfigKey, schema: dict) -> list[list[str]]:
    name, default = ".".join(key.path[1:] or key.path), f"`{key.default}`" if key.default else ""
    own = [f"`{name}`", default, described_keys(schema_of(key.path, schema), schema), key.comment.replace("<", "&lt;")]
    return [own, *(row for child in key.children for row in _rows(child, schema))]


def read_keys(text: str) -> list[ConfigKey]:
    """The keys of a YAML mapping in block style, and of those below it, with their comments.

    A comment on a key's line belongs to that key, and so do the lines of comment below it. Lines of comment that begin
    in the column of the next key belong to that one.
    """
    return _keys(yaml.compose(text, Loader=yaml.SafeLoader), text.splitlines(), ())


def _keys(mapping: yaml.MappingNode, lines: list[str], above: tuple[str, ...]) -> list[ConfigKey]:
    found = []
    for name, value in mapping.value:
        nested = isinstance(value, yaml.MappingNode) and not value.flow_style
        last = name.start_mark.line if nested else value.end_mark.line
        after = name.end_mark.column if nested else value.end_mark.column
        start, path = name.start_mark, (*above, name.value)
        default = "" if nested else _source(value, lines)
        comment = " ".join([*_before(lines, start.line, start.column), *_after(lines, last, after)])
        children = _keys(value, lines, path) if nested else []
        found.append(ConfigKey(path, default, comment, tuple(children)))
    return found


def _source(node: yaml.Node, lines: list[str]) -> str:
    """A value as it is written, on one line."""
    first, last = node.start_mark, node.end_mark
    if first.line == last.line:
        return lines[first.line][first.column : last.column]
    middle = [lines[first.line][first.column :], *lines[first.line + 1 : last.line], lines[last.line][: last.column]]
    return " ".join(" ".join(middle).split())


def _before(lines: list[str], line: int, column: int) -> list[str]:
    """The lines of comment directly above a key, in its column."""
    found = []
    for text in reversed(lines[:line]):
        if not text.startswith(" " * column + "#") or column == 0:
            break
        found.insert(0, text.strip("# "))
    return found


def _after(lines: list[str], line: int, column: int) -> list[str]:
    """The comment on a line after `column`, and the lines of comment below it that begin no further left."""
    _, mark, comment = lines[line][column:].partition("#")
    found = [comment.strip()] if mark else []
    place = lines[line].find("#", column)
    for text in lines[line + 1 :] if mark else []:
        if text.strip()[:1] != "#" or text.index("#") < place:
            break
        found.append(text.strip("# "))
    return found


def schema_of(path: tuple[str, ...], schema: dict) -> dict:
    """The part of the schema that a key must satisfy."""
    part = schema
    for name in path:
        part = _referred(part, schema)
        part = part.get("properties", {}).get(name) or part.get("additionalProperties") or {}
    return _referred(part, schema) if isinstance(part, dict) else {}


def described_keys(part: dict, schema: dict) -> str:
    """What a part of the schema allows, in words."""
    part = _referred(part, schema)
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    types = part.get("type", [])
    limits = " and ".join(f"{COMPARISON_SIGNS[name]} {part[name]}" for name in COMPARISON_SIGNS if name in part)
    further = {"integer": limits, "number": limits}
    if "items" in part:
        further["array"] = f"of {described_keys(part['items'], schema)}"
    names = [types] if isinstance(types, str) else types
    return ", or ".join(f"{TYPES[name]} {further.get(name, '')}".strip() for name in names)


def kinds_of_entries(part: dict, schema: dict) -> Iterator[str]:
    """For a section whose entries have a `kind`: the keys of each kind."""
    entries = _referred(part.get("additionalProperties") or {}, schema)
    rows = []
    for rule in entries.get("allOf", []):
        kind = rule["if"]["properties"]["kind"]
        keys = _referred(rule["then"], schema)
        for name in [kind["const"]] if "const" in kind else kind["enum"]:
            rows += [
                [
                    f"`{name}`",
                    f"`{key}`",
                    described_keys(allowed, schema),
                    "yes" if key in keys.get("required", []) else "",
                ]
                for key, allowed in keys["properties"].items()
                if key != "kind" and isinstance(allowed, dict)
            ]
    if rows:
        yield "Keys of each kind:"
        yield markdown_table(["kind", "key", "allowed", "required"], rows)


def _referred(part: dict, schema: dict) -> dict:
    """The definition that a part refers to, with what stands beside the reference; or the part itself."""
    while isinstance(part, dict) and "$ref" in part:
        beside = {name: value for name, value in part.items() if name != "$ref"}
        part = schema["$defs"][part["$ref"].rsplit("/", 1)[-1]] | beside
    return part
