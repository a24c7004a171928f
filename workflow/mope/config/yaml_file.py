"""YAML files, read with errors that people can use."""

from pathlib import Path

import yaml

from mope.errors import MopeError


def read_yaml(path: Path) -> dict:
    """A YAML file with a mapping at its top; keys that appear twice are an error, unlike in PyYAML."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        raise MopeError(f"{path}: cannot be read ({error.strerror}); a YAML file is expected") from None
    except UnicodeDecodeError:
        raise MopeError(f"{path}: is not UTF-8 text; a YAML file is expected") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}" if mark else "somewhere"
        raise MopeError(f"{path}: {place}: {error.problem}; valid YAML is expected") from None
    except yaml.YAMLError as error:
        raise MopeError(f"{path}: {' '.join(str(error).split())}; valid YAML is expected") from None
    if not isinstance(content, dict):
        raise MopeError(f"{path}: {described(content)} found, a mapping of keys to values is expected")
    return content


def described(value: object) -> str:
    """A value and its kind in a few words, for error messages."""
    kinds = {bool: "true or false", int: "whole number", float: "number", str: "text", list: "list", dict: "mapping"}
    if value is None:
        return "null"
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({kinds.get(type(value), type(value).__name__)})"


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, but a key that appears twice in a mapping is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is not text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} appears twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)
