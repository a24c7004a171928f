"""How far the experts of a combination are apart, from their weights: merging assumes that they are close."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from mope.engine.lora import Adapter
from mope.preferences import members_of

DISTANCE_COLUMNS = ["combination", "distance"]


def expert_distances(adapters: dict[str, Adapter], xis: Sequence[str]) -> pd.DataFrame:
    """One row per combination: 1 minus the mean cosine between the updates of its experts (`DISTANCE_COLUMNS`).

    `adapters` are the experts by preference. The update of an expert is that of all its modules together; 0: all point
    the same way, 1: they are orthogonal.
    """
    norms = {name: inner(own, own) for name, own in adapters.items()}
    cosines = {
        frozenset((a, b)): inner(adapters[a], adapters[b]) / (norms[a] * norms[b]) ** 0.5
        for a, b in combinations(adapters, 2)
    }
    rows = []
    for xi in xis:
        pairs = [frozenset(pair) for pair in combinations(members_of(xi), 2)]
        rows.append((xi, 1 - np.mean([cosines[pair] for pair in pairs]) if pairs else 0.0))
    return pd.DataFrame(rows, columns=DISTANCE_COLUMNS)


def inner(one: Adapter, other: Adapter) -> float:
    """⟨ΔW, ΔW'⟩ of two adapters, ΔW = scale · B A, summed over the modules that both have.

    tr((B A)ᵀ B' A') = Σ (Bᵀ B') ∘ (A A'ᵀ): products of rank · rank numbers instead of whole matrices.
    """
    total = 0.0
    for name in one.keys() & other.keys():
        x, y = one[name], other[name]
        total += x.scale * y.scale * float(((x.b.T @ y.b).double() * (x.a @ y.a.T).double()).sum())
    return total
