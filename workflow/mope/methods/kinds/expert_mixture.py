"""Experts mixed per token (paper eq. 1): MoPE, and every mixing rule it is compared with."""

from dataclasses import replace

from mope.controller.loading import load_controller
from mope.decoding.mixer_table import MIXERS
from mope.decoding.mixers.mixer import Mixer
from mope.decoding.mixers.truncated import Truncated
from mope.methods.generator import Answers, Generator, PromptCombinations
from mope.methods.served_row import ServedRow
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


def served(generator: Generator, method: dict) -> ServedRow:
    """The mixture, one request at a time, with the controller of the first seed where there is one.

    Weights of the preferences, which count in proportion: without a controller they are the experts' (λ of model
    arithmetic has `strength` as its mean); a controller's α are multiplied by them.
    """
    reads_base = MIXERS[method["mixer"]].READS_BASE
    adapters = {**generator.models.experts, **({"base": BASE} if reads_base else {})}

    def request(pool, controller, prompt, combination, weights):
        base = pool.names.index("base") if reads_base else None
        if weights is not None and controller is None:
            own = [weight * method.get("strength", 1.0) * (len(weights) if reads_base else 1) for weight in weights]
            asked = generator.mixture_request(pool, method, prompt, combination, base)
            return replace(asked, weights=own + [0.0] * reads_base), None
        asked = generator.mixture_request(pool, method, prompt, combination, base, controller)
        return asked, weights

    folders = generator.models.controllers
    controller = folders[min(folders)] if "controller" in method else None
    return ServedRow(
        adapters,
        request,
        lambda pool: mixing_rule(method, pool.names.index("base") if reads_base else None),
        controller,
    )
