"""Reads YAML files; every error names the file, the line and what is wrong."""

from pathlib import Path

import yaml

from mope.errors import MopeError, shortened, visible
from mope.runtime.text_file import read_text

DEEPEST_YAML = 40  # levels
MOST_NODES = 20_000  # entries; those that aliases repeat count each time
LARGEST_NUMBER = 2**63  # whole numbers must be smaller


def read_yaml(path: Path) -> dict:
    """The mapping at the top of a YAML file; `MopeError` for anything else.

    Unlike in PyYAML, a key that appears twice is an error. So is everything that cannot be a setting: whole numbers of
    more than 64 bits, more than 40 levels, and aliases that contain themselves or expand to more than 20,000 entries.
    """
    text = read_text(path, "a YAML file")
    try:
        content = parse_yaml(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}" if mark else "somewhere"
        raise MopeError(f"{path}: {place}: {error.problem}; valid YAML is expected") from None
    except yaml.YAMLError as error:
        raise MopeError(f"{path}: {error}; valid YAML is expected") from None
    if not isinstance(content, dict):
        raise MopeError(f"{path}: {described(content)} found, a mapping of keys to values is expected")
    return content


def parse_yaml(text: str) -> object:
    """The value of a YAML text; every error is a `yaml.YAMLError`."""
    try:
        return yaml.load(text, Loader=_Loader)
    except RecursionError:
        raise yaml.YAMLError(f"nested too deeply; at most {DEEPEST_YAML} levels can be read") from None


def described(value: object) -> str:
    """A value and its type in words, for error messages: `3 (whole number)`."""
    kinds = {bool: "true or false", int: "whole number", float: "number", str: "text", list: "list", dict: "mapping"}
    if value is None:
        return "null"
    return f"{shortened(visible(repr(value)), 60)} ({kinds.get(type(value), type(value).__name__)})"


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which also refuses what cannot be a setting; each of its errors is a `YAMLError`."""

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        if node is not None:
            _entries(node, (), {})
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        try:
            value = super().construct_object(node, deep)
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError):  # e.g. month 13, !!bool 7
            kind = node.tag.rpartition(":")[2]
            problem = f"{shortened(str(node.value), 60)!r} cannot be read as {kind}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None
        if isinstance(value, int) and abs(value) >= LARGEST_NUMBER:
            raise yaml.constructor.ConstructorError(None, None, "a number of more than 64 bits", node.start_mark)
        if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
            raise yaml.constructor.ConstructorError(None, None, f"{value!r} is no valid Unicode", node.start_mark)
        return value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(None, None, "this is no mapping", node.start_mark)
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is not text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} appears twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def _entries(node: yaml.Node, above: tuple[yaml.Node, ...], known: dict[int, int]) -> int:
    """The number of entries of a node with aliases expanded.

    `above` are the nodes that contain it; `known` maps the id of a node to its number.
    """
    if any(node is other for other in above):
        raise yaml.constructor.ConstructorError(None, None, "an alias stands for itself", node.start_mark)
    if len(above) >= DEEPEST_YAML:
        problem = f"nested too deeply; at most {DEEPEST_YAML} levels can be read"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    if id(node) not in known:
        children = node.value if isinstance(node, yaml.CollectionNode) else []
        if isinstance(node, yaml.MappingNode):
            children = [part for pair in children for part in pair]
        known[id(node)] = 1 + sum(_entries(child, (*above, node), known) for child in children)
        if known[id(node)] > MOST_NODES:
            problem = f"more than {MOST_NODES:,} entries, aliases followed"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    return known[id(node)]


def merged(below: dict, above: dict) -> dict:
    """`below` overridden by `above`, key by key at every level; lists are replaced as a whole."""
    both = dict(below)
    for key, value in above.items():
        nested = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = merged(both[key], value) if nested else value
    return both
