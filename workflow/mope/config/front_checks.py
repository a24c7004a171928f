"""Checks of `fronts`, and of rows with weights: whether a row can be given some, and whether a grid can be answered."""

from collections.abc import Iterator

from mope.judging.preflight import Problem
from mope.methods.entries import meets, takes_weights, weights_with
from mope.methods.weight_grid import grid_size, parts_of
from mope.preferences import Preferences
from mope.runtime.suggestion import one_of

MOST_POINTS = 4096


def without_use(config: dict, method: dict) -> str | None:
    """Why weights of the preferences would change nothing in a row; None where they do."""
    if not takes_weights(method):
        return f"a row of kind {method['kind']} takes no weights"
    if not meets(method, weights_with(method)):
        needed = " and ".join(f"{key}: {value}" for key, value in weights_with(method).items())
        return f"a row of kind {method['kind']} reads no weights without {needed}"
    controller = config["controllers"].get(method.get("controller"))
    if controller is not None and not (config["controller"] | controller)["weights"]:
        return f"controller {method['controller']} was not trained with weights"
    return None


def front_problems(config: dict, preferences: Preferences) -> Iterator[Problem]:
    """(key, problem) for a section that agrees with the schema."""
    fronts, methods, dimensions = config["fronts"], config["methods"], len(preferences.dimensions)
    parts = parts_of(fronts["step"])
    if parts is None:
        yield ("fronts", "step"), f"{fronts['step']} found, 1 divided by a whole number is expected"
    elif (points := grid_size(dimensions, fronts["step"])) > MOST_POINTS:
        found = f"{fronts['step']} found, which makes {points} points of {dimensions} dimensions"
        yield ("fronts", "step"), f"{found}; at most {MOST_POINTS} points are expected"
    known = preferences.combinations()
    for i, xi in enumerate(fronts["combinations"] or []):
        if xi not in known:
            yield ("fronts", "combinations", i), f"{xi!r} is unknown, {one_of(xi, known)} is expected"
    for i, name in enumerate(fronts["methods"]):
        if name not in methods:
            yield ("fronts", "methods", i), f"{name!r} is no method, {one_of(name, methods)} is expected"
        elif why := without_use(config, methods[name]):
            yield ("fronts", "methods", i), f"{name}: {why}; a row that weights change is expected"
    if fronts["methods"] and dimensions < 2:
        yield ("fronts", "methods"), "preferences of one dimension have no weights; [] is expected"
