"""The README's numbers are those of results/reference."""

import re
from pathlib import Path

import pandas as pd
import pytest

from mope.errors import MopeError
from mope.report.readme import (
    average_table,
    blocks,
    claims_table,
    fill,
    generalisation_table,
    sweep_table,
    variants_table,
)


def test_every_number_in_the_readme_is_that_of_the_reference_run(root: Path) -> None:
    readme = (root / "README.md").read_text()
    assert fill(readme, blocks(root / "results/reference")) == readme


def test_the_readme_shows_figures_that_exist(root: Path) -> None:
    pictures = re.findall(r"\]\((results/reference/[^)]+)\)", (root / "README.md").read_text())
    assert pictures
    for picture in pictures:
        assert (root / picture).stat().st_size > 1000, picture


def test_fill_replaces_only_the_block_and_needs_it() -> None:
    text = "a\n<!-- x -->\nold\n<!-- end x -->\nb\n"
    filled = fill(text, {"x": "| 1 |"})
    assert filled == "a\n<!-- x -->\n| 1 |\n<!-- end x -->\nb\n"
    assert fill(filled, {"x": "| 1 |"}) == filled
    with pytest.raises(MopeError, match="no block <!-- y -->"):
        fill(text, {"y": ""})


def test_settings_stand_by_their_reward() -> None:
    methods = {"method": ["mod", "mope"], "bt_reward": [0.6826, 0.7362], "seed_std": [None, 0.0041]}
    rows = sweep_table(pd.DataFrame({"set": "development", **methods})).splitlines()[2:]
    assert rows == ["| MoPE | 0.736 ± 0.004 |", "| MOD (logit mixing) | 0.683 |"]


def test_variants_stand_beside_those_they_are_compared_with() -> None:
    pair = {"method": "mope_raw", "opponent": "mope"}
    pairs = pd.DataFrame(
        [
            pair | {"set": "single", "win_rate": 0.41, "ci_low": 0.35, "ci_high": 0.47, "seed_std": 0.163},
            pair | {"set": "comparison", "win_rate": 0.5, "ci_low": 0.4, "ci_high": 0.6, "seed_std": None},
        ]
    )
    rewards = pd.DataFrame({"set": ["single", "comparison"], "method": "mope_raw", "bt_reward": [0.7, 0.8]})
    assert variants_table(pairs, rewards).splitlines()[2:] == [
        "| MoPE raw | MoPE | 41.0 ± 16.3 [35.0, 47.0] | 50.0 [40.0, 60.0] | 0.700 | 0.800 |"
    ]


def test_what_answers_say_stands_beside_their_average() -> None:
    rate = {"set": "single", "average_win_rate": 0.5, "ci_low": 0.4, "ci_high": 0.6, "mean_tokens": 57.6}
    averages = pd.DataFrame([rate | {"method": "mope", "seed_std": 0.012}])
    quality = pd.DataFrame({"set": ["single"], "method": "mope", "stated": 0.925, "distinct_bigrams": 0.1234})
    head, _, row = average_table(averages, quality).splitlines()
    assert row == "| MoPE | 50.0 ± 1.2 [40.0, 60.0] | 58 | 92.5 | 0.123 |"
    assert head.endswith("| tokens | single: states a fact, % | distinct-2 |")


def test_what_is_kept_where_a_controller_was_not_trained() -> None:
    row = {"set": "single", "method": "mope_half", "full": "mope", "part": "new", "combinations": 4}
    row |= {"bt_reward": 0.7, "full_reward": 0.74, "floor_reward": 0.64, "kept": 0.6}
    table = pd.DataFrame([row | {"difference": -0.04, "ci_low": -0.05, "ci_high": 0.01}])
    cells = "0.700 | 0.740 | 0.640 | -0.040 [-0.050, +0.010] | 60 % |"
    assert generalisation_table(table).splitlines()[2:] == [f"| single | MoPE half | new (4) | {cells}"]


def test_a_claim_is_told_once_and_says_why_it_does_not_hold() -> None:
    claim = {"published": "p", "ours": 0.4, "ci_low": 0.3, "ci_high": 0.5, "verdict": "not reproduced", "note": "why"}
    unknown = {"id": "c", "claim": "C", "verdict": "not run"}
    claims = [claim | {"id": "a", "claim": "A"}, claim | {"id": "b", "claim": "B", "note": ""}, unknown]
    rows = claims_table(claims).splitlines()
    assert rows[2] == "| A | p | 40.0 [30.0, 50.0] | **not reproduced**: why |" and rows[3].endswith("reproduced** |")
    assert rows[-1].startswith("1 more claims were not run")
    assert claims_table(claims, {"a"}).splitlines()[2:] == rows[3:4]
