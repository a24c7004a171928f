"""Preferences of any dimensions, and tables of sampled weights for them."""

from itertools import product

import numpy as np
import pandas as pd

from mope.preferences import Preferences

WORDS = "Rain| is| water| that| falls| in| small| dro|ps|.| It| fills| the| rivers|.".split("|")


def preferences_of(dimensions: dict[str, list[str]], names: dict[str, str] | None = None) -> Preferences:
    """Preferences of these dimensions; names and texts are the ids, or those in `names`."""
    ids = tuple(pole for poles in dimensions.values() for pole in poles)
    own = {name: name for name in ids} | (names or {})
    return Preferences(ids, own, own, {name: tuple(poles) for name, poles in dimensions.items()})


def alpha_samples(preferences: Preferences, prompts: int = 5) -> pd.DataFrame:
    """A table like samples/alphas.parquet: random weights for the active experts, 0 for the others."""
    rng, rows = np.random.default_rng(0), []
    for i, combination in product(range(prompts), preferences.combinations()):
        active = preferences.members(combination)
        for position, token in enumerate(WORDS):
            weights = dict(zip(active, rng.dirichlet([1] * len(active)), strict=True))
            base = {"prompt_id": f"q{i}", "prompt": f"What is rain {i}?", "combination": combination}
            rows.append(base | dict.fromkeys(preferences.ids, 0.0) | weights | {"position": position, "token": token})
    return pd.DataFrame(rows)
