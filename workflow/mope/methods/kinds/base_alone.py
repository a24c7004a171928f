"""Vanilla and preference prompting: the base model reads none or all of the preference texts, weights in words."""

from mope.methods.generator import Answers, Generator, PromptCombinations
from mope.methods.served_row import ServedRow, single_row
from mope.pools.adapters import BASE

REQUIRED = {"prompt": {"enum": ["all", "none"]}}  # the preference texts that it reads
OPTIONAL = {"weights": {"$ref": "#/$defs/weights"}}
NEEDS = []
WEIGHTS_WITH = {"prompt": "all"}  # they are told in words


def answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """The base model's answers."""
    return {0: generator.single(generator.pool({"base": BASE}), method, pairs)}


def served(generator: Generator, method: dict) -> ServedRow:
    """The base model, one request at a time."""
    return single_row(generator, method, {"base": BASE}, lambda xi: "base", in_words=method["prompt"] == "all")
