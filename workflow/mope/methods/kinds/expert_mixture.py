"""Experts mixed per token (paper eq. 1): MoPE, and every mixing rule it is compared with."""

from collections.abc import Sequence
from dataclasses import replace

from mope.controller.loading import load_controller
from mope.decoding.mixer_table import MIXERS
from mope.decoding.mixers.mixer import Mixer
from mope.decoding.mixers.truncated import Truncated
from mope.decoding.pool import ExpertPool
from mope.decoding.request import Request
from mope.methods.generator import Answers, Generator, PromptCombinations
from mope.methods.served_row import ServedRow
from mope.pools.adapters import BASE
from mope.prompting import Conversation

REQUIRED = {"prompt": {"enum": ["own", "all", "none"]}, "mixer": {"type": "string"}}
OPTIONAL = {
    "controller": {"type": "string"},  # a name of `controllers`
    "weights": {"$ref": "#/$defs/weights"},
    "expert_strength": {"type": "number", "exclusiveMinimum": 0},  # factor on each expert's update of the weights
    "top_k": {"type": "integer", "minimum": 1},  # the most probable tokens of each expert; others get no mass
}
NEEDS = ["experts"]


def answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """The mixture's answers; by seed of the controller where there is one."""
    reads_base = MIXERS[method["mixer"]].READS_BASE
    pool = generator.pool({**generator.experts(method), **({"base": BASE} if reads_base else {})})
    base = pool.names.index("base") if reads_base else None
    rule = mixing_rule(method, base)
    if "controller" not in method:
        weights = method.get("weights")
        requests = [fixed_request(generator, pool, method, prompt, xi, weights, base) for prompt, xi in pairs]
        return {0: generator.decode(pool, rule, requests)}
    found = {}
    for seed, folder in generator.models.controllers.items():
        controller = load_controller(folder, pool, generator.preferences, generator.tokenizer)
        requests = [generator.mixture_request(pool, method, *pair, controller=controller) for pair in pairs]
        found[seed] = generator.decode(pool, rule, requests, controller.decoder())
    return found


def fixed_request(
    generator: Generator,
    pool: ExpertPool,
    method: dict,
    prompt: str | Conversation,
    combination: str,
    weights: Sequence[float] | None,
    base: int | None = None,
) -> Request:
    """The request of a mixture without a controller; `weights` of the preferences, which sum to one, or None: equal.

    The mixing rule says what they are in a request; `base` is the base model's place in the pool, where it takes part.
    """
    asked = generator.mixture_request(pool, {**method, "weights": None}, prompt, combination, base)
    if weights is None:
        return asked
    return replace(asked, weights=mixing_rule(method, base).request_weights(weights))


def mixing_rule(method: dict, base: int | None = None) -> Mixer:
    """The mixing rule of a method; `base` is the base model's place in the pool."""
    rule = MIXERS[method["mixer"]].mixer(method, base)
    return Truncated(rule, method["top_k"]) if "top_k" in method else rule


def served(generator: Generator, method: dict) -> ServedRow:
    """The mixture, one request at a time, with the controller of the first seed where there is one.

    What weights of the preferences do: without a controller they are the experts' weights, as the mixing rule takes
    them. A controller that was trained with weights reads them. The α of any other controller are multiplied by them.
    """
    reads_base = MIXERS[method["mixer"]].READS_BASE
    adapters = {**generator.experts(method), **({"base": BASE} if reads_base else {})}

    def request(pool, controller, prompt, combination, weights):
        base = pool.names.index("base") if reads_base else None
        if controller is None:
            own = weights or method.get("weights")
            return fixed_request(generator, pool, method, prompt, combination, own, base), None
        if own_weights:
            own = weights or method["weights"]
            asked = generator.mixture_request(pool, method | {"weights": own}, prompt, combination, base, controller)
            return asked, None
        return generator.mixture_request(pool, method, prompt, combination, base, controller), weights

    own_weights = "weights" in method
    folders = generator.models.controllers
    controller = folders[min(folders)] if "controller" in method else None
    return ServedRow(
        adapters,
        request,
        lambda pool: mixing_rule(method, pool.names.index("base") if reads_base else None),
        controller,
        own_weights,
    )
