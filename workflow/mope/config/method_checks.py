"""Checks of `methods`, the rows of the tables: that what a row names exists, and that its keys fit each other."""

import math
from collections.abc import Iterator

from mope.config.declared_keys import declared_key_problems
from mope.config.entries_schema import MIXER_TABLE, mixers_of_space, reads_base
from mope.config.front_checks import without_use
from mope.judging.preflight import Problem
from mope.methods.endpoints import endpoint_problems
from mope.methods.entries import meets, required_with
from mope.methods.names import FOCUS
from mope.preferences import Preferences
from mope.runtime.suggestion import one_of


def method_problems(config: dict, preferences: Preferences) -> Iterator[Problem]:
    """(key, problem) for a section that agrees with the schema."""
    methods = config["methods"]
    for name, method in methods.items():
        yield from _conditional_keys(name, method)
        if "mixer" in method:
            yield from declared_key_problems(method, MIXER_TABLE, "mixer", method["mixer"], ("methods", name))
            if "controller" in method:
                yield from _controller_problems(config, name, method)
        if "endpoints" in method:
            base = ["base"] if reads_base(method["mixer"]) else []
            yield from endpoint_problems(name, method, [*preferences.ids, *base])
        if "weights" in method:
            yield from weights_problems(method["weights"], ("methods", name, "weights"), preferences)
            if why := without_use(config, method):
                yield ("methods", name, "weights"), f"needless; {why}"
        for key, known in (("expert", ("best", *preferences.ids)), ("policy", config["policies"])):
            if key in method and method[key] not in known:
                yield ("methods", name, key), f"{method[key]!r} is no {key}, {one_of(method[key], known)} is expected"
        if "temperature" in method and "against" not in method:
            expected = "a row at another temperature than `generation` is kept out of the averages by `against`"
            yield ("methods", name, "against"), f"missing; {expected}"
        for i, other in enumerate(method.get("against", ())):
            if other not in methods or other == name:
                others = [m for m in methods if m != name]
                yield ("methods", name, "against", i), f"{other!r} found, {one_of(other, others)} is expected"
    focus = methods[FOCUS]
    if focus["kind"] != "mix" or focus["mixer"] != "controller" or "against" in focus:
        expected = "kind: mix with mixer: controller, compared with all others, is expected"
        yield ("methods", FOCUS), f"the method that is reproduced; {expected}"
    for i, name in enumerate(config["statistics"]["named"]):
        if name not in methods:
            yield ("statistics", "named", i), f"{name!r} is no method, {one_of(name, methods)} is expected"
        elif name == FOCUS:
            yield ("statistics", "named", i), f"{FOCUS} is compared with these methods; another method is expected"


def weights_problems(weights: list[float], key: tuple[str | int, ...], preferences: Preferences) -> Iterator[Problem]:
    """(key, problem) for weights of graded preferences, of which each dimension has one."""
    if len(weights) != len(preferences.dimensions) or not math.isclose(sum(weights), 1):
        dimensions = ", ".join(preferences.dimensions)
        yield key, f"{weights} found; one weight each for {dimensions}, together 1, is expected"


def _conditional_keys(name: str, method: dict) -> Iterator[Problem]:
    """Keys that a row has if, and only if, other keys of it have certain values."""
    for key, condition in required_with(method).items():
        if (key in method) != meets(method, condition):
            found = "needless" if key in method else "missing"
            when = " and ".join(f"{other}: {value}" for other, value in condition.items())
            yield ("methods", name, key), f"{found}; a {method['kind']} has this key if and only if it has {when}"


def _controller_problems(config: dict, name: str, method: dict) -> Iterator[Problem]:
    controllers, wanted = config["controllers"], method["controller"]
    if wanted not in controllers:
        yield ("methods", name, "controller"), f"{wanted!r} is no controller, {one_of(wanted, controllers)} is expected"
        return
    settings = config["controller"] | controllers[wanted]
    if method["prompt"] != settings["expert_prompt"]:
        trained = settings["expert_prompt"]
        found = f"{method['prompt']!r} found, the controller was trained with expert_prompt {trained!r}"
        yield ("methods", name, "prompt"), f"{found}, which is expected"
    fit = mixers_of_space(settings["space"])
    if method["mixer"] not in fit:
        found = f"{method['mixer']!r} found, the controller was trained in {settings['space']} space"
        yield ("methods", name, "mixer"), f"{found}; {' or '.join(fit)} is expected"
    if settings["weights"] and "weights" not in method:
        yield ("methods", name, "weights"), "missing; they are expected because the controller was trained with weights"
