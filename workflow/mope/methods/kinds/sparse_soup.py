"""Soups of experts from which entries are left out: TIES and DARE; one merged adapter per combination."""

from mope.data.tables import derive_seed
from mope.engine.lora import Adapter, read_adapter
from mope.methods.generator import Answers, Generator, PromptCombinations
from mope.methods.served_row import ServedRow, single_row
from mope.methods.sparse_soups import sparse_merge

REQUIRED = {
    "prompt": {"enum": ["all", "none"]},
    "merge": {"enum": ["ties", "dare_linear", "dare_ties"]},  # PEFT's combination_type
    "of": {"enum": ["factors", "updates"]},  # the LoRA factors by themselves, as PEFT does by default | their products
    "density": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},  # share of the entries that are kept
    "strength": {"type": "number", "exclusiveMinimum": 0},  # weight of each expert
}
OPTIONAL = {}
NEEDS = ["experts"]


def answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """Each combination's soup answers its own requests."""
    pool = generator.pool(soups(generator, method))
    return {0: generator.single(pool, method, pairs, pool.names.index)}


def soups(generator: Generator, method: dict) -> dict[str, Adapter]:
    """The soup of every combination."""
    preferences = generator.preferences
    adapters = {name: read_adapter(folder) for name, folder in generator.models.experts.items()}
    how = {key: method[key] for key in ("merge", "of", "density", "strength")}
    return {
        xi: sparse_merge(
            [adapters[member] for member in preferences.members(xi)],
            **how,
            seed=derive_seed(generator.settings.seed, "merge", xi),
        )
        for xi in preferences.combinations()
    }


def served(generator: Generator, method: dict) -> ServedRow:
    """The soups, one request at a time."""
    return single_row(generator, method, soups(generator, method), lambda xi: xi)
