"""What every figure is drawn from, for any set of preferences."""

from collections.abc import Callable, Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from any_preferences import alpha_samples, front_points
from synthetic_judgments import make_run

from mope.analysis.evaluation import evaluate
from mope.analysis.win_rates import average_win_rates, averages_by_cell, win_rates
from mope.preferences import Preferences


@pytest.fixture(autouse=True)
def no_figure_stays_open() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def make() -> Callable:
    return make_run


@pytest.fixture(scope="session")
def draw_from(make: Callable) -> Callable[[Preferences], dict[str, object]]:
    """`draw_from(preferences)`: source -> what a figure is given for it."""

    def made(preferences: Preferences) -> dict[str, object]:
        rng = np.random.default_rng(0)
        judgments, responses = make(6, combinations_=preferences.combinations())
        e = evaluate("single", "rubric", list(responses), judgments, resamples=100, seed=1, max_unparsed=0)
        tokens = pd.concat([table.assign(method=method) for method, table in responses.items()])
        scores = tokens.assign(preference=tokens["combination"].str.split("-")).explode("preference", ignore_index=True)
        curve = pd.DataFrame({"step": range(20), "reward": rng.random(20), "loss": rng.random(20), "other": 1.0})
        rates = win_rates(e, [])
        decoding = [
            {"system": s, "model": "m", "dtype": "float32", "device": "cpu", "requests": r, "experts_per_request": 3,
             "ratio_to_single": 1.0 + r / 10, "floor_ratio": 1.0}
            for s in ("pool", "sequential") for r in (1, 8)
        ]  # fmt: skip
        return {
            "preferences": preferences,
            "win_rates": rates,
            "average_win_rates": average_win_rates(e, tokens),
            "average_by_cell": averages_by_cell(e),
            "variants": rates.query("combination == 'all' and preference == 'all'").assign(role="ablation"),
            "scores": scores.assign(bt_reward=rng.random(len(scores))),
            "curves": {("mope", "seed0"): curve, ("mope", "seed1"): curve, ("raw", "seed0"): curve},
            "alpha_samples": alpha_samples(preferences),
            "front_points": front_points(preferences),
            "decoding": pd.DataFrame(decoding),
        }

    return made
