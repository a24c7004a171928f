"""The configuration of an experiment: defaults, differences, validation.

Standard library, jsonschema and PyYAML only: the Snakefile calls this while it is parsed.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from mope.config.checks import cross_check
from mope.config.entries_schema import resolved
from mope.config.run_name import clashes, experiment_file, read_experiment
from mope.errors import MopeError, shortened
from mope.runtime.secret import LIKE_A_KEY
from mope.runtime.suggestion import one_of
from mope.runtime.yaml_file import described, merged, parse_yaml, read_yaml

TYPE_NAMES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "array": "a list",
    "object": "a mapping of keys to values",
    "null": "null",
    "boolean": "true or false",
}
OLD_KEYS = {
    "begun": "prefix_share",
    "obedience": "follow_rate",
}  # keys of earlier versions and what they are called now
Key = tuple[str | int, ...]
ConfigLayer = tuple[str, dict]


def load_config(
    root: Path,
    command_line: dict | None = None,
    files: Iterable[Path | str] = (),
    present: bool = True,
    directory: Path | None = None,
) -> dict:
    """Configuration of the project in folder `root`, validated.

    Later layers override earlier ones key by key: `config.yaml`, `workflow/experiments/<experiment>.yaml` if the
    command line gives `experiment`, `files`, the rest of `command_line`. An entry of a mapping that is set to null in
    `methods`, `judges` or `evaluation_sets` is left out; `artifacts` null becomes the name of the run. Unless
    `present`, the user's own files need not be there yet; relative paths of these begin at `directory`, by default the
    project. The first problem found is raised as `MopeError` on one line.
    """
    rest = {
        key: _typed(value) if isinstance(value, dict | list) else value for key, value in (command_line or {}).items()
    }
    layers, own = _layers(root, rest.pop("experiment", None), files)
    layers.append(("--config", rest))
    config: dict = {}
    for _, layer in layers:
        config = merged(config, layer)
    for section in ("methods", "judges", "evaluation_sets"):
        if isinstance(config.get(section), dict):
            config[section] = {name: entry for name, entry in config[section].items() if entry is not None}
    schema = resolved(read_yaml(root / "workflow/schemas/config.schema.yaml"))
    where = directory or root
    for key, problem in _schema_problems(config, schema) or _once_valid(config, root, own, present, where):
        raise MopeError(f"{_origin(key, layers)}: {_dotted(key)}: {problem}")
    return config | {"artifacts": config["artifacts"] or config["run"]}


def run_name(root: Path, experiment: str | None = None, changes: dict | None = None) -> str:
    """The name of the run of an experiment, or of `config.yaml` alone; the rest of the configuration is not checked.

    `changes`: keys of the command line. `MopeError` where the name is invalid or clashes with that of another
    experiment.
    """
    changes = {"experiment": experiment} | (changes or {})
    layers, own = _layers(root, changes.pop("experiment"), [])
    layers.append(("--config", changes))
    config: dict = {}
    for _, layer in layers:
        config = merged(config, layer)
    schema = read_yaml(root / "workflow/schemas/config.schema.yaml")
    only = {"properties": {"run": schema["properties"]["run"]}, "required": ["run"], "$defs": schema["$defs"]}
    for key, problem in [*_schema_problems(config, only), *((("run",), why) for why in _clashes(config, root, own))]:
        raise MopeError(f"{_origin(key, layers)}: {_dotted(key)}: {problem}")
    return config["run"]


def _typed(value: object) -> object:
    """Values inside `--config key={...}`, which Snakemake leaves as text, as YAML reads them."""
    if isinstance(value, dict):
        return {key: _typed(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_typed(child) for child in value]
    try:
        return parse_yaml(value) if isinstance(value, str) and value.strip() else value
    except yaml.YAMLError:
        return value


def _once_valid(config: dict, root: Path, own: list[Path], present: bool, directory: Path) -> Iterable[tuple[Key, str]]:
    """The checks in Python, which rely on the shape that the schema guarantees."""
    yield from ((("run",), why) for why in _clashes(config, root, own))
    yield from cross_check(config, root, present, directory)


def _clashes(config: dict, root: Path, own: list[Path]) -> Iterable[str]:
    return clashes(config["run"], root, own) if isinstance(config.get("run"), str) else ()


def _schema_problems(config: dict, schema: dict) -> list[tuple[Key, str]]:
    def order(error: ValidationError) -> tuple[list[str], bool]:  # a key may be missing because another one is misspelt
        return [str(key) for key in error.absolute_path], error.validator == "required"

    errors = sorted(_Validator(schema).iter_errors(config), key=order)
    return [_explained(error) for error in errors]


def _explained(error: ValidationError) -> tuple[Key, str]:
    """Key path and message of a schema violation."""
    key, found, rule = tuple(error.absolute_path), error.instance, error.validator_value
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            unknown = next(name for name in found if name not in known)
            if OLD_KEYS.get(unknown) in known:
                return (*key, unknown), f"renamed; {OLD_KEYS[unknown]} is expected"
            return (*key, unknown), f"unknown key; {one_of(unknown, known)} is expected"
        case "required":
            missing = next(name for name in rule if name not in found)
            return (*key, missing), "missing; see config.yaml for what belongs here"
        case "pattern":
            return key, f"{_found(key, found)} found; expected: {error.schema['description']}"
        case "maxLength":
            return key, f"{_found(key, found)} found, {len(found)} characters; at most {rule} are expected"
        case "type":
            names = [rule] if isinstance(rule, str) else rule
            exponent = isinstance(found, str) and "e" in found and _is_number(found)
            hint = "; YAML wants 1.0e-3, not 1e-3" if exponent else ""
            return key, f"{_found(key, found)} found, {' or '.join(TYPE_NAMES[n] for n in names)} is expected{hint}"
        case "enum":
            return key, f"{_found(key, found)} found, {one_of(found, rule)} is expected"
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            bounds = {"minimum": "≥", "maximum": "≤", "exclusiveMinimum": ">", "exclusiveMaximum": "<"}
            limits = [f"{sign} {error.schema[name]}" for name, sign in bounds.items() if name in error.schema]
            return key, f"{shortened(str(found), 60)} found, a number {' and '.join(limits)} is expected"
        case "uniqueItems":
            double = next(item for i, item in enumerate(found) if item in found[:i])
            return key, f"{shortened(str(double), 60)} appears more than once; every entry may appear once"
        case "minLength":
            return key, "empty; a text is expected"
        case "minItems" | "minProperties":
            size = "too few entries" if found else "empty"
            return key, f"{size}; at least {rule} {'entry is' if rule == 1 else 'entries are'} expected"
        case "not":  # of the name of a key
            return (*key, found), f"{error.schema['description']}; leaving this key out is expected"
    return key, " ".join(error.message.split())


def _found(key: Key, value: object) -> str:
    """A value for a message, unless it may be a secret that was put in the wrong place."""
    secret = {"key_variable", "extra"}.intersection(key) or LIKE_A_KEY.search(str(value))
    return "another value" if secret else described(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _layers(root: Path, experiment: object, files: Iterable[Path | str]) -> tuple[list[ConfigLayer], list[Path]]:
    """Contents of the files that make up a configuration, and those of the files that its run is named in."""
    own = [root / "config.yaml"] if experiment is None else [experiment_file(root, str(experiment))]
    layers = [(_shown(root / "config.yaml", root), read_yaml(root / "config.yaml"))]
    if experiment is not None:
        layers.append((_shown(own[0], root), read_experiment(own[0])))
    given = list(map(Path, files))
    return [*layers, *((_shown(path, root), read_yaml(path)) for path in given)], [*own, *given]


def _origin(key: Key, layers: Sequence[ConfigLayer]) -> str:
    """The last layer that holds the key; for a missing key the defaults."""
    for name, layer in reversed(layers):
        value: object = layer
        for part in key:
            inside = isinstance(value, dict) and part in value
            inside = inside or (isinstance(value, list) and isinstance(part, int) and part < len(value))
            if not inside:
                break
            value = value[part]
        else:
            return name
    return layers[0][0]


def _dotted(key: Key) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return text.lstrip(".") or "(whole file)"


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _strict_integer(_: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_Validator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _strict_integer),  # 50.0 is not a count
)
