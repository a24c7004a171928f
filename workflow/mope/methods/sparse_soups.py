"""TIES (arXiv 2306.01708) and DARE (arXiv 2311.03099) merging of a combination's experts, by PEFT's own rules.

TIES keeps the largest entries of each expert (`density` is their share), elects each entry's sign, and averages the
experts that have it. DARE keeps entries at random and divides them by `density`, then adds them up, or merges as TIES.

Both papers merge updates of weights. PEFT's `add_weighted_adapter` merges, by default, the LoRA factors A and B by
themselves instead: their product then has cross terms of different experts, as the factor average of Personalized Soups
has. `of` says which: `factors`, PEFT's combination_type of the same name, or `updates`, its `..._svd`. With k experts:

- ties of factors, where all signs agree and nothing is cut, is `strength` times the factor average;
- dare_linear of factors has the expected value k² · `strength` times the factor average;
- dare_linear of updates has the expected value `strength` times the sum of the updates;
- ties of updates is in general of full rank, of which the best approximation of rank k · r is kept, as many numbers as
  the exact average has.
"""

from collections.abc import Sequence

import torch
from peft.utils.merge_utils import dare_linear, dare_ties, ties

from mope.engine.lora import Adapter, LoraFactors

RULES = {"ties": ties, "dare_linear": dare_linear, "dare_ties": dare_ties}


def sparse_merge(
    adapters: Sequence[Adapter], merge: str, of: str, density: float, strength: float, seed: int
) -> Adapter:
    """The experts merged by the rule `merge`, each with weight `strength`; `seed` decides what DARE keeps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = {name: [adapter[name] for adapter in adapters] for name in adapters[0]}
        merge_pairs = {"factors": merged_factors, "updates": merged_updates}[of]
        return {name: merge_pairs(pairs, merge, density, strength) for name, pairs in parts.items()}


def merged_factors(pairs: Sequence[LoraFactors], merge: str, density: float, strength: float) -> LoraFactors:
    """A and B merged by themselves, each with the square root of an expert's weight and scale."""
    weights = torch.tensor([(strength * pair.scale) ** 0.5 for pair in pairs])
    a, b = (RULES[merge]([getattr(pair, side) for pair in pairs], weights, density) for side in ("a", "b"))
    return LoraFactors(a, b, 1.0)


def merged_updates(pairs: Sequence[LoraFactors], merge: str, density: float, strength: float) -> LoraFactors:
    """The updates merged, and of the result the best approximation whose rank is the sum of the experts' ranks."""
    updates = [pair.scale * pair.b @ pair.a for pair in pairs]
    update = RULES[merge](updates, torch.full((len(pairs),), strength), density)
    left, size, right = torch.linalg.svd(update, full_matrices=False)
    rank = sum(pair.a.shape[0] for pair in pairs)
    return LoraFactors(right[:rank], left[:, :rank] * size[:rank], 1.0)
