"""Preferences: which are about length, what they are called, which of them are met."""

from pathlib import Path

import pytest
import yaml
from any_preferences import preferences_of

from mope.errors import MopeError
from mope.preferences import load_preferences

FILE = Path("workflow/prompts/preferences.yaml")


def test_of_the_default_the_informativeness_is_about_length(root: Path) -> None:
    assert load_preferences(root / FILE).about_length == ("P2A", "P2B")
    assert load_preferences(root / FILE, ["P1A", "P2B", "P3A"]).about_length == ("P2B",)


def test_all_are_active_unless_told(root: Path) -> None:
    assert load_preferences(root / FILE).ids == tuple(yaml.safe_load((root / FILE).read_text())["texts"])


def test_a_file_need_not_name_dimensions_of_length(root: Path, tmp_path: Path) -> None:
    content = yaml.safe_load((root / FILE).read_text())
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump({key: value for key, value in content.items() if key != "length_dimensions"}))
    assert load_preferences(own).about_length == ()
    own.write_text(yaml.safe_dump(content | {"length_dimensions": ["size"]}))
    with pytest.raises(MopeError, match="length_dimensions: 'size' is not one of the dimensions expertise, "):
        load_preferences(own)


def test_labels_and_what_is_met() -> None:
    own = preferences_of({"b": ["z", "y"], "a": ["m", "n"]}, {"z": "zealous"})
    assert (own.label("z"), own.label("y"), own.names_of("z-m")) == ("z zealous", "y", "zealous, m")
    assert own.seen_in(["y-m", "z-m"]) == {"b": ("z", "y"), "a": ("m",)}
    assert own.seen_in(["n"]) == {"a": ("n",)}
