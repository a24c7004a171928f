"""Experiments over config.yaml, one key after the other, and a schema without gaps."""

from pathlib import Path

import pytest
import yaml

from mope.config.load import load_config
from mope.config.run_name import read_experiment
from mope.errors import MopeError
from mope.runtime.yaml_file import merged


def test_overrides_go_key_by_key_and_replace_lists() -> None:
    below = {"a": {"b": 1, "c": [1, 2]}, "d": 2}
    assert merged(below, {"a": {"c": [3]}, "e": 4}) == {"a": {"b": 1, "c": [3]}, "d": 2, "e": 4}
    assert below == {"a": {"b": 1, "c": [1, 2]}, "d": 2}


def test_an_experiment_may_extend_another(root: Path) -> None:
    """It holds its differences alone, its run's name among them."""
    whole, quick = (load_config(root, {"experiment": name}, present=False) for name in ("smollm2", "smollm2-quick"))
    assert (whole["run"], quick["run"]) == ("smollm2", "smollm2_quick")
    assert quick["base"] == whole["base"] != load_config(root)["base"]
    assert list(quick["evaluation_sets"]) == ["development"]


def test_what_is_extended_extends_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "workflow/experiments"
    folder.mkdir(parents=True)
    for name, text in {"a": "seed: 1", "b": "extends: a", "c": "extends: b"}.items():
        (folder / f"{name}.yaml").write_text(text)
    assert read_experiment(folder / "b.yaml") == {"run": "b", "seed": 1}
    with pytest.raises(MopeError, match="extends: b found, which extends a; one that extends none is expected"):
        read_experiment(folder / "c.yaml")


def test_the_schema_is_closed_everywhere(root: Path) -> None:
    def open_objects(schema: object, place: str) -> list[str]:
        if not isinstance(schema, dict):
            return []
        closed = "additionalProperties" in schema or "allOf" in schema
        found = [] if closed or "properties" not in schema or place.endswith("if") else [place]
        for key, child in schema.items():
            for i, part in enumerate(child if isinstance(child, list) else [child]):
                found += open_objects(part, f"{place}/{i if isinstance(child, list) else ''}{key}")
        return found

    assert open_objects(yaml.safe_load((root / "workflow/schemas/config.schema.yaml").read_text()), "") == []


def test_no_key_is_optional(root: Path) -> None:
    """Defaults stand in config.yaml alone."""
    sections = yaml.safe_load((root / "workflow/schemas/config.schema.yaml").read_text())["properties"]
    for name, section in sections.items():
        assert sorted(section.get("required", [])) == sorted(section.get("properties", {})) or name in (
            "methods",
            "controllers",
            "policies",
        ), name
