"""Arrow routing (arXiv 2405.11157), through PEFT: a rival that routes tokens among experts without training."""

from collections.abc import Sequence
from pathlib import Path

from peft import ArrowConfig, create_arrow_model
from transformers import AutoModelForCausalLM

from mope.methods.generator import Answers, Generator, PromptCombinations
from mope.pools.open_pool import placement
from mope.pools.separate import SeparatePool

REQUIRED = {"prompt": {"enum": ["all", "none"]}}  # the preference texts that it reads
OPTIONAL = {}
NEEDS = ["experts"]


def answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """One combination after the other: Arrow routes among its experts."""
    preferences, found = generator.preferences, {}
    for combination in preferences.combinations():
        experts = [generator.models.experts[member] for member in preferences.members(combination)]
        own = [pair for pair in pairs if pair[1] == combination]
        given = generator.single(arrow_pool(generator.models.base, experts, generator.settings.precision), method, own)
        found |= dict(zip(own, given, strict=True))
    return {0: [found[pair] for pair in pairs]}


def arrow_pool(base: Path, experts: Sequence[Path], precision: str = "float32") -> SeparatePool:
    """One model of all `experts` (PEFT folders): each layer weighs their adapters anew for each token.

    The weights are a softmax, at PEFT's temperature, of how much of a token's activation lies along the direction that
    each adapter amplifies most. White box: unlike mixtures of probabilities it needs the experts' weights.
    """
    dtype, device = placement(precision)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype, trust_remote_code=False)
    routed = create_arrow_model(model, [str(folder) for folder in experts], ArrowConfig(top_k=len(experts)))
    return SeparatePool({"arrow": routed}, dtype, device)
