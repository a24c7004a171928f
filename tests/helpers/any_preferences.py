"""Preferences of any kind, and sampled weights and rewards for them."""

from itertools import product

import numpy as np
import pandas as pd

from mope.methods.weight_grid import weight_grid
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


def front_points(preferences: Preferences, methods: tuple[str, ...] = ("mope_graded", "mod")) -> pd.DataFrame:
    """tables/front_points.csv: random rewards of methods at the weights in quarters, under two combinations."""
    rng = np.random.default_rng(0)
    grid = weight_grid(len(preferences.dimensions), 0.25)
    combinations = preferences.combinations()
    rows = [
        ("single", xi, method, point, member, weight, rng.random())
        for xi, method in product(dict.fromkeys([combinations[0], combinations[-1]]), methods)
        for point, weights in enumerate(grid)
        for member, weight in zip(preferences.members(xi), weights, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["set", "combination", "method", "point", "preference", "weight", "bt_reward"])
    return table.assign(ci_low=table.bt_reward - 0.1, ci_high=table.bt_reward + 0.1)
