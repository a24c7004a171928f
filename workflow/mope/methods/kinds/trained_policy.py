"""One policy for all combinations: the trained rivals of Personalized Soups, by seed."""

from mope.methods.generator import Answers, Generator, PromptCombinations

REQUIRED = {"prompt": {"enum": ["all", "none"]}, "policy": {"type": "string"}}  # a name of `policies`
OPTIONAL = {}
NEEDS = ["policies"]


def answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """The policy's answers, once for each seed that it was trained with."""
    policies = generator.models.policies
    return {
        seed: generator.single(generator.pool({"policy": folder}), method, pairs) for seed, folder in policies.items()
    }
