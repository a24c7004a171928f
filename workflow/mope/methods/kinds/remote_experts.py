"""Experts behind servers, mixed per token: all that is asked of an expert are its log-probabilities (paper eq. 1)."""

from mope.decoding.mixer_table import MIXERS
from mope.methods.endpoints import BY_DEFAULT, expert_key
from mope.methods.generator import Answers, Generator, PromptCombinations
from mope.methods.kinds import expert_mixture
from mope.pools.remote import Endpoint, RemotePool

REQUIRED = {
    "prompt": {"enum": ["own", "all", "none"]},
    "mixer": {"type": "string"},
    "endpoints": {  # by preference, and `base` where the mixer reads it
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "required": ["base_url", "model"],
            "additionalProperties": False,
            "properties": {
                "base_url": {"type": "string", "minLength": 1},
                "model": {"type": "string", "minLength": 1},
                "key_variable": {"type": "string", "minLength": 1},
                "extra": {"type": "object"},
            },
        },
    },
}
OPTIONAL = {
    "controller": {"type": "string"},
    "weights": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 1},
    "top_k": {"type": "integer", "minimum": 1},  # the most probable tokens that a server is asked for
    "concurrency": {"type": "integer", "minimum": 1, "maximum": 1000},
    "timeout": {"type": "number", "exclusiveMinimum": 0, "maximum": 86400},
    "attempts": {"type": "integer", "minimum": 1, "maximum": 100},
}
NEEDS = []


class RemoteGenerator(Generator):
    """A generator whose experts are behind the method's servers, whatever adapters are asked for."""

    def __init__(self, local: Generator, pool: RemotePool):
        super().__init__(local.models, local.preferences, local.settings)
        self.remote = pool

    def pool(self, adapters: dict) -> RemotePool:
        """The open pool of the servers."""
        return self.remote


def answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """The answers of the mixture; by seed of the controller, which runs here, where there is one."""
    with remote_pool(generator, method) as pool:
        return expert_mixture.answers(RemoteGenerator(generator, pool), method, pairs)


def remote_pool(generator: Generator, method: dict) -> RemotePool:
    """The experts in the order of the preferences, then `base` where the mixer reads it."""
    names = [*generator.preferences.ids, *(["base"] if MIXERS[method["mixer"]].READS_BASE else [])]
    limits, endpoints = BY_DEFAULT | method, {}
    for name in names:
        at = method["endpoints"][name]
        endpoints[name] = Endpoint(at["base_url"], at["model"], expert_key(at) or None, at.get("extra", {}))
    return RemotePool(
        endpoints,
        generator.tokenizer,
        top_k=limits["top_k"],
        parallel=limits["concurrency"],
        retries=limits["attempts"] - 1,
        timeout=limits["timeout"],
    )
