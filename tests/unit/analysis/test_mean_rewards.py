"""Mean rewards by hand."""

import pandas as pd
import pytest

from mope.analysis.mean_rewards import mean_rewards


def test_mean_over_preferences_then_answers_then_seeds():
    rows = [
        ("mope", 0, "p1", "X", 0.2), ("mope", 0, "p1", "X", 0.4), ("mope", 0, "p2", "X", 0.9),
        ("mope", 1, "p1", "X", 0.5), ("mope", 1, "p2", "X", 0.7),
        ("mod", 0, "p1", "X", 0.1),
    ]  # fmt: skip
    scores = pd.DataFrame(rows, columns=["method", "seed", "prompt_id", "combination", "bt_reward"]).assign(
        set="single"
    )
    table = mean_rewards(scores).set_index("method")
    assert table.bt_reward["mope"] == pytest.approx(((0.3 + 0.9) / 2 + 0.6) / 2)
    assert table.seed_std["mope"] == pytest.approx(0.0, abs=1e-12)
    assert table.n_answers["mope"] == 4
    assert table.worst_reward["mope"] == pytest.approx(((0.2 + 0.9) / 2 + 0.6) / 2)
    assert table.worst_reward["mod"] == pytest.approx(0.1)
    assert table.bt_reward["mod"] == pytest.approx(0.1)
    assert pd.isna(table.seed_std["mod"])
