"""The README's numbers are those of results/reference."""

import re
from pathlib import Path

import pandas as pd
import pytest

from mope.analysis.readme import blocks, fill, sweep_table, variants_table
from mope.errors import MopeError


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
    rewards = pd.DataFrame({"set": "development", "method": ["mod", "mope"], "bt_reward": [0.6826, 0.7362]})
    assert sweep_table(rewards).splitlines()[2:] == ["| `mope` | 0.736 |", "| `mod` | 0.683 |"]


def test_variants_stand_beside_those_they_are_compared_with() -> None:
    pair = {"method": "mope_raw", "opponent": "mope"}
    pairs = pd.DataFrame(
        [
            pair | {"set": "single", "win_rate": 0.41, "ci_low": 0.35, "ci_high": 0.47},
            pair | {"set": "comparison", "win_rate": 0.5, "ci_low": 0.4, "ci_high": 0.6},
        ]
    )
    rewards = pd.DataFrame({"set": ["single", "comparison"], "method": "mope_raw", "bt_reward": [0.7, 0.8]})
    assert variants_table(pairs, rewards).splitlines()[2:] == [
        "| `mope_raw` | `mope` | 41.0 [35.0, 47.0] | 50.0 [40.0, 60.0] | 0.700 | 0.800 |"
    ]
