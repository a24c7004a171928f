"""A key of the configuration that a user gives on the command line, as Snakemake's option --config reads it."""

import yaml

from mope.errors import MopeError
from mope.runtime.yaml_file import parse_yaml


def parse_change(text: str) -> dict:
    """{key: value} of the text `key=value`, of which the value is YAML; `MopeError` for anything else."""
    key, equals, value = text.partition("=")
    if not key.isidentifier() or not equals:
        raise MopeError(f"CONFIG: {text!r} found, key=value is expected: a key of config.yaml and its value as YAML")
    try:
        return {key: parse_yaml(value)}
    except yaml.YAMLError:
        raise MopeError(f"CONFIG: {key}: {value!r} found, a value as YAML is expected") from None
