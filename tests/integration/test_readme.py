"""The README's numbers are those of results/reference."""

import re
from pathlib import Path

import pandas as pd
import pytest

from mope.analysis.readme import blocks, fill, sweep_table
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
