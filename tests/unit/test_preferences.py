"""Preferences of one's own: ids, names and texts that fit together, and what an experiment takes of them."""

import shutil
from pathlib import Path

import pytest
import yaml
from any_preferences import preferences_of

from mope.config.load import load_config
from mope.errors import MopeError
from mope.preferences import load_preferences, read_preferences


def known() -> dict:
    return {
        "dimensions": {"tone": ["formal", "casual_1", "X2"], "size": ["short"]},
        "names": {name: name for name in ("formal", "casual_1", "X2", "short")},
        "texts": {name: f"Be {name}." for name in ("formal", "casual_1", "X2", "short")},
    }


def write(path: Path, content: object) -> Path:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8-sig")
    return path


def test_only_active_ones_and_their_dimensions_are_taken(tmp_path: Path) -> None:
    file = write(tmp_path / "preferences.yaml", known())
    assert load_preferences(file, ["X2", "formal"]).dimensions == {"tone": ("formal", "X2")}
    assert load_preferences(file, ["short", "X2", "formal"]).combinations() == ["formal-short", "X2-short"]
    with pytest.raises(MopeError, match=r"'formel' is unknown, one of .*did you mean formal\?"):
        load_preferences(file, ["formel"])


@pytest.mark.parametrize(
    "name",
    ["formal-tone", "C++", "ton formel", "a/b", "../x", "a\n", "", "é", "$(x)", "a" * 41, "general", "best", "frame"],
)  # fmt: skip
def test_ids_that_are_no_file_names_are_refused(tmp_path: Path, name: str) -> None:
    content = known()
    content["dimensions"]["size"] = [name]
    for section in ("names", "texts"):
        content[section][name] = content[section].pop("short")
    with pytest.raises(
        MopeError, match=r"dimensions\.size: .* found; up to 40 letters .* joins those of a combination"
    ):
        read_preferences(write(tmp_path / "preferences.yaml", content))


@pytest.mark.parametrize(
    ("section", "key", "value", "said"),
    [
        ("dimensions", "size", ["X2"], "dimensions.size: X2 is of tone; one dimension is expected"),
        ("dimensions", "size", [], "dimensions.size: [] (list) found, a list of ids"),
        ("dimensions", "size", "short", "dimensions.size: 'short' (text) found, a list of ids"),
        ("dimensions", "size", [7], "dimensions.size: 7 (whole number) found"),
        ("dimensions", "size", ["short", "x2"], "ids X2 and x2 differ in case only"),
        ("dimensions", "size", ["short", "long"], "names.long: missing"),
        ("names", "long", "long", "names.long: of no dimension"),
        ("texts", "short", " ", "texts.short: ' ' (text) found, a text"),
        ("texts", "short", 7, "texts.short: 7 (whole number) found, a text"),
        ("weights", "short", 7, "weights: unknown key"),
    ],
)
def test_sections_that_do_not_fit_together(tmp_path: Path, section: str, key: str, value: object, said: str) -> None:
    content = known()
    content.setdefault(section, {})[key] = value
    file = write(tmp_path / "preferences.yaml", content)
    with pytest.raises(MopeError) as caught:
        read_preferences(file)
    assert str(caught.value).startswith(f"{file}: ") and said in str(caught.value)


def test_a_new_dimension_leaves_the_experiments_as_they_were(root: Path, tmp_path: Path) -> None:
    shutil.copy(root / "config.yaml", tmp_path)
    for name in ("schemas", "prompts", "experiments"):
        shutil.copytree(root / "workflow" / name, tmp_path / "workflow" / name)
    before = {name: load_config(tmp_path, {"experiment": name}) for name in ("smoke", "tables", "scaling")}
    file = tmp_path / "workflow/prompts/preferences.yaml"
    active = load_preferences(file, before["tables"]["preferences"])
    more, own = yaml.safe_load(file.read_text()), known()
    write(file, {key: own[key] | more[key] for key in own})
    assert {name: load_config(tmp_path, {"experiment": name}) for name in before} == before
    after = load_preferences(file, before["tables"]["preferences"])
    assert after.texts == active.texts and sorted(after.ids) == sorted(active.ids)


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


@pytest.mark.parametrize(
    ("named", "said"), [("size", "'size' (text)"), (["a"], "['a'] (list)"), ({}, "{} (mapping)"), (7, "7 (whole numb")]
)
def test_what_is_no_dimension_of_length_is_named(root: Path, tmp_path: Path, named: object, said: str) -> None:
    content = yaml.safe_load((root / FILE).read_text()) | {"length_dimensions": [named]}
    with pytest.raises(MopeError) as caught:
        load_preferences(write(tmp_path / "own.yaml", content))
    assert f"own.yaml: length_dimensions: {said}" in str(caught.value) and "dimensions expertise" in str(caught.value)


def test_labels_and_what_is_met() -> None:
    own = preferences_of({"b": ["z", "y"], "a": ["m", "n"]}, {"z": "zealous"})
    assert (own.label("z"), own.label("y"), own.names_of("z-m")) == ("z zealous", "y", "zealous, m")
    assert own.seen_in(["y-m", "z-m"]) == {"b": ("z", "y"), "a": ("m",)}
    assert own.seen_in(["n"]) == {"a": ("n",)}
