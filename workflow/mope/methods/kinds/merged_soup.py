"""Personalized Soups (arXiv 2310.11564): one merged adapter per combination, all of them served in one batch."""

from functools import partial

from mope.decoding.mixers.probability import Probability
from mope.engine.lora import Adapter, read_adapter, strengthened
from mope.methods.generator import Answers, Generator, PromptCombinations
from mope.methods.served_row import ServedRow, single_row
from mope.methods.soups import AVERAGES

REQUIRED = {"prompt": {"enum": ["all", "none"]}, "average": {"enum": ["factor", "exact", "sum"]}}
OPTIONAL = {
    "expert_strength": {"type": "number", "exclusiveMinimum": 0},  # factor on each expert's update before the average
    "strength": {"type": "number", "exclusiveMinimum": 0},  # of each expert's update in a sum
    "weights": {"$ref": "#/$defs/weights"},
}
NEEDS = ["experts"]
REQUIRED_WITH = {"strength": {"average": "sum"}}


def answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """Each combination's soup answers its own requests."""
    combinations = generator.preferences.combinations()
    requests = [
        generator.plain_request(combinations.index(xi), prompt, generator.texts_read(_unweighted(method), xi), xi)
        for prompt, xi in pairs
    ]
    return {0: generator.decode(generator.pool(merged_adapters(generator, method)), Probability(), requests)}


def merged_adapters(generator: Generator, method: dict) -> dict[str, Adapter]:
    """The soup of every combination."""
    preferences, average = generator.preferences, AVERAGES[method["average"]]
    if "strength" in method:
        average = partial(average, strength=method["strength"])
    strength = method.get("expert_strength", 1.0)
    adapters = {name: strengthened(read_adapter(folder), strength) for name, folder in generator.models.experts.items()}
    combinations = preferences.combinations()
    weights = method.get("weights")
    return {xi: average([adapters[member] for member in preferences.members(xi)], weights) for xi in combinations}


def served(generator: Generator, method: dict) -> ServedRow:
    """The soups, one request at a time."""
    return single_row(generator, _unweighted(method), merged_adapters(generator, method), lambda xi: xi)


def _unweighted(method: dict) -> dict:
    """The method as its texts are read: weights of preferences are in the soup already, not in words."""
    return {key: value for key, value in method.items() if key != "weights"}
