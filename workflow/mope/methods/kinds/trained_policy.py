"""One policy for all combinations: the trained rivals of Personalized Soups, by seed."""

from mope.methods.generator import Answers, Generator, PromptCombinations
from mope.methods.served_row import ServedRow, single_row

REQUIRED = {"prompt": {"enum": ["all", "none"]}, "policy": {"type": "string"}}  # a name of `policies`
OPTIONAL = {}
NEEDS = ["policies"]


def answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """The policy's answers, once for each seed that it was trained with."""
    policies = generator.models.policies
    return {
        seed: generator.single(generator.pool({"policy": folder}), method, pairs) for seed, folder in policies.items()
    }


def served(generator: Generator, method: dict) -> ServedRow:
    """The policy of the first seed, one request at a time."""
    policy = generator.models.policies[min(generator.models.policies)]
    return single_row(generator, method, {"policy": policy}, lambda xi: "policy")
