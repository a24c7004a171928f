"""What a configuration must satisfy beyond its schema: names that exist, files that can be read, numbers that fit."""

import math
from collections.abc import Iterator
from pathlib import Path

from mope.data.prompt_file import read_prompts
from mope.errors import MopeError
from mope.suggestion import one_of
from mope.yaml_file import read_yaml

WORLD_SETS = ("single", "comparison", "development", "train")
Problem = tuple[tuple[str | int, ...], str]


def cross_check(config: dict, root: Path) -> Iterator[Problem]:
    """Yield (key, problem) for a configuration that agrees with the schema."""
    yield from _finite(config, ())
    yield from _preferences(config, root)
    yield from _sets(config, root)
    yield from _base(config, root)
    yield from _sizes(config)
    yield from _methods(config)


def _finite(value: object, key: tuple[str | int, ...]) -> Iterator[Problem]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from _finite(child, (*key, name))
    if isinstance(value, float) and not math.isfinite(value):
        yield key, f"{value} found, a finite number is expected"


def _preferences(config: dict, root: Path) -> Iterator[Problem]:
    file = root / "workflow/prompts/preferences.yaml"
    known = read_yaml(file)
    for section in ("dimensions", "names", "texts"):
        if not isinstance(known.get(section), dict):
            raise MopeError(f"{file}: {section}: missing; a mapping is expected")
    for i, name in enumerate(config["preferences"]):
        if name not in known["texts"]:
            yield ("preferences", i), f"{name!r} is unknown, {one_of(name, known['texts'])} is expected"
    for dimension, poles in known["dimensions"].items():
        if not set(poles) & set(config["preferences"]):
            yield ("preferences",), f"none of dimension {dimension}; at least one of {', '.join(poles)} is expected"


def _sets(config: dict, root: Path) -> Iterator[Problem]:
    sets = {("evaluation_sets", name): entry for name, entry in config["evaluation_sets"].items()}
    for key, entry in (sets | {("data", "train"): config["data"]["train"]}).items():
        if key[-1] == "train" and key[0] == "evaluation_sets":
            yield key, "this name belongs to the training prompts; another name is expected"
        if entry["source"] == "world":
            if key[-1] not in WORLD_SETS:
                yield key, f"the embedded world has no such set; {one_of(key[-1], WORLD_SETS)} is expected, or a file"
            continue
        try:
            available = len(read_prompts(root / entry["source"]))
        except MopeError as error:
            yield (*key, "source"), str(error)
        else:
            if available < entry["prompts"]:
                yield (*key, "prompts"), f"{entry['prompts']} found, but {entry['source']} holds {available} prompts"


def _base(config: dict, root: Path) -> Iterator[Problem]:
    path = config["base"]["path"]
    if path is None:
        return
    if not (root / path).is_dir():
        yield ("base", "path"), f"folder {path} does not exist; a folder with a model, or null, is expected"
    elif not (root / path / "config.json").is_file():
        yield ("base", "path"), f"folder {path} has no config.json; a folder made by save_pretrained is expected"


def _sizes(config: dict) -> Iterator[Problem]:
    for section in ("base", "controller"):
        hidden, heads = config[section]["hidden"], config[section]["heads"]
        if hidden % (2 * heads):
            yield (section, "hidden"), f"{hidden} found, a multiple of twice the {heads} heads is expected"
    longest = config["generation"]["max_new_tokens"]
    if config["generation"]["min_new_tokens"] > longest:
        yield ("generation", "min_new_tokens"), f"more than max_new_tokens; a number ≤ {longest} is expected"


def _controlled(config: dict, name: str, method: dict) -> Iterator[Problem]:
    controllers, wanted = config["controllers"], method["controller"]
    if wanted not in controllers:
        yield ("methods", name, "controller"), f"{wanted!r} is no controller, {one_of(wanted, controllers)} is expected"
        return
    trained = (config["controller"] | controllers[wanted])["expert_prompt"]
    if method["prompt"] != trained:
        found = f"{method['prompt']!r} found, the controller was trained with expert_prompt {trained!r}"
        yield ("methods", name, "prompt"), f"{found}, which is expected"


def _methods(config: dict) -> Iterator[Problem]:
    methods = config["methods"]
    for name, method in methods.items():
        for key, fit in (("controller", "controller"), ("strength", "arithmetic")):
            if method["kind"] == "mix" and (key in method) != (method["mixer"] == fit):
                found = "needless" if key in method else "missing"
                yield ("methods", name, key), f"{found}; a method has this key if and only if its mixer is {fit}"
        if "controller" in method:
            yield from _controlled(config, name, method)
    if methods["mope"].get("mixer") != "controller":
        yield ("methods", "mope"), "the method that all is about; kind: mix with mixer: controller is expected"
    for i, name in enumerate(config["statistics"]["named"]):
        if name not in methods:
            yield ("statistics", "named", i), f"{name!r} is no method, {one_of(name, methods)} is expected"
        elif name == "mope":
            yield ("statistics", "named", i), "mope is compared with these methods; another method is expected"
