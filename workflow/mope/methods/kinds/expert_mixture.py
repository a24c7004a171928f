"""Experts mixed per token (paper eq. 1): MoPE, and every mixing rule it is compared with."""

from mope.controller.loading import load_controller
from mope.decoding.mixer_table import MIXERS
from mope.decoding.mixers.mixer import Mixer
from mope.decoding.mixers.truncated import Truncated
from mope.methods.generator import Answers, Generator, PromptCombinations
from mope.pools.adapters import BASE

REQUIRED = {"prompt": {"enum": ["own", "all", "none"]}, "mixer": {"type": "string"}}
OPTIONAL = {
    "controller": {"type": "string"},  # a name of `controllers`
    "weights": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 1},
    "top_k": {"type": "integer", "minimum": 1},  # the most probable tokens of each expert; others get no mass
}
NEEDS = ["experts"]


def answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """The mixture's answers; by seed of the controller where there is one."""
    reads_base = MIXERS[method["mixer"]].READS_BASE
    pool = generator.pool({**generator.models.experts, **({"base": BASE} if reads_base else {})})
    base = pool.names.index("base") if reads_base else None
    rule = mixing_rule(method, base)
    if "controller" not in method:
        requests = [generator.mixture_request(pool, method, prompt, xi, base) for prompt, xi in pairs]
        return {0: generator.decode(pool, rule, requests)}
    found = {}
    for seed, folder in generator.models.controllers.items():
        controller = load_controller(folder, pool, generator.preferences, generator.tokenizer)
        requests = [generator.mixture_request(pool, method, *pair, controller=controller) for pair in pairs]
        found[seed] = generator.decode(pool, rule, requests, controller.decoder())
    return found


def mixing_rule(method: dict, base: int | None = None) -> Mixer:
    """The mixing rule of a method; `base` is the base model's place in the pool."""
    rule = MIXERS[method["mixer"]].mixer(method, base)
    return Truncated(rule, method["top_k"]) if "top_k" in method else rule
