"""Names and ids of preferences that would be taken for something else are refused."""

from pathlib import Path

import pytest
import yaml
from any_preferences import alpha_samples, preferences_of

from mope.analysis.alpha_tables import ALPHA_COLUMNS
from mope.config.load import load_config
from mope.config.preference_names import ALPHA_TABLE, SAMPLE_COLUMNS
from mope.errors import MopeError


@pytest.mark.parametrize("name", ["Concise", "p2a", " concise "])
def test_two_preferences_of_an_experiment_have_two_names(folder: Path, name: str) -> None:
    file = folder / "workflow/prompts/preferences.yaml"
    content = yaml.safe_load(file.read_text())
    content["names"]["P1A"] = name
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    with pytest.raises(MopeError, match=r"preferences\[\d\]: .* is called .* a name of its own is expected"):
        load_config(folder)
    assert load_config(folder, {"preferences": ["P1A", "P1B", "P3A"]})  # P2A takes no part


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("all", "in tables it means all"),
        ("base", "the base model"),
        ("token", "a column"),
        ("uniform", "a method"),
    ],
)
def test_ids_that_mean_something_else_in_a_run(folder: Path, name: str, said: str) -> None:
    file = folder / "workflow/prompts/preferences.yaml"
    content = yaml.safe_load(file.read_text().replace("P1A", name))
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    with pytest.raises(MopeError, match=rf"preferences\[0\]: '{name}' found; {said} .* another id is expected"):
        load_config(folder, {"preferences": [name, "P1B", "P3A"]})
    assert load_config(folder, {"preferences": ["P1B", "P3A"]})  # it takes no part


@pytest.mark.parametrize("name", ["class", "entropy", "position"])
def test_dimensions_called_like_a_column(folder: Path, name: str) -> None:
    file = folder / "workflow/prompts/preferences.yaml"
    content = yaml.safe_load(file.read_text().replace("expertise", name))
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    with pytest.raises(MopeError, match=f"preferences: a dimension is called '{name}', .* another name is expected"):
        load_config(folder)
    assert load_config(folder, {"preferences": ["P2A", "P3A"]})


def test_the_columns_that_no_name_may_have_are_those_of_the_tables() -> None:
    samples = alpha_samples(preferences_of({"tone": ["a", "b"], "size": ["c"]}))
    assert set(samples.columns) - {"a", "b", "c"} <= set(SAMPLE_COLUMNS)
    assert set(ALPHA_COLUMNS) == set(ALPHA_TABLE)
