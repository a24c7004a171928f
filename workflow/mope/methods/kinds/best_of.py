"""The best of n samples of the base by reward; n samples cost as many forward passes as mixing n experts.

Deviation: the reward models that choose are those that train the experts, in the baseline's favour.
"""

from mope.data.tables import derive_seed
from mope.decoding.mixers.probability import Probability
from mope.methods.generator import Answers, Generator, PromptCombinations
from mope.pools.adapters import BASE

REQUIRED = {"prompt": {"enum": ["all", "none"]}, "n": {"type": "integer", "minimum": 1}}
OPTIONAL = {}
NEEDS = []
CHOSEN_BY = ["prompt_id", "combination"]  # the reward models choose one candidate per prompt and combination


def answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """The `n` samples of each (prompt, combination), to choose from."""
    pool, found = generator.pool({"base": BASE}), {}
    for sample in range(method["n"]):
        requests = [
            generator.plain_request(
                0, prompt, generator.texts_read(method, xi), xi, derive_seed(generator.seed(prompt, xi), sample)
            )
            for prompt, xi in pairs
        ]
        found[sample] = generator.decode(pool, Probability(), requests)
    return found
