"""Rows at a temperature of their own: what they are answered with, what they belong to, whom they meet."""

from pathlib import Path

import pytest

from mope.config.load import load_config
from mope.dag.stage_settings import generation_settings, without
from mope.dag.temperature_rows import temperature_rows
from mope.methods.entries import in_tables, pairs
from mope.methods.names import FOCUS

MIX = {"kind": "mix", "mixer": "uniform", "prompt": "all"}
SMALL = {
    "generation": {"temperature": 0.25, "top_p": 1.0},
    "methods": {
        "a": MIX,
        "b": MIX | {"mixer": "logit"},
        "a_warm": MIX | {"temperature": 1.0, "against": ["b"]},
        "own": MIX | {"prompt": "none", "temperature": 0.0, "against": ["b"]},
    },
}


def test_a_row_belongs_to_the_one_that_differs_in_temperature_alone() -> None:
    assert temperature_rows(SMALL) == {
        "a": {"method": "a", "temperature": 0.25},
        "a_warm": {"method": "a", "temperature": 1.0},
        "own": {"method": "own", "temperature": 0.0},
    }


def test_a_temperature_of_its_own_replaces_that_of_generation_and_nothing_else() -> None:
    assert generation_settings(SMALL, "a_warm") == {"temperature": 1.0, "top_p": 1.0}
    assert generation_settings(SMALL, "own") == {"temperature": 0.0, "top_p": 1.0}
    assert generation_settings(SMALL, "a") == SMALL["generation"]


def test_a_run_without_such_rows_has_none(root: Path) -> None:
    assert temperature_rows(load_config(root)) == {}


@pytest.fixture(scope="module")
def shipped(root: Path) -> dict:
    return load_config(root, {"experiment": "temperatures"})


def test_every_method_of_the_default_is_drawn_at_the_papers_temperature(root: Path, shipped: dict) -> None:
    main = load_config(root)["methods"]
    by_method: dict[str, set[float]] = {}
    for row, about in temperature_rows(shipped).items():
        by_method.setdefault(about["method"], set()).add(about["temperature"])
        same = without(shipped["methods"][row], "temperature", "against")
        assert same == without(main[about["method"]], "against"), row
    assert by_method == {name: {0.25, 0.7, 1.0} for name in main}


def test_rows_meet_mope_at_equal_temperature_and_stay_out_of_the_averages(root: Path, shipped: dict) -> None:
    rows = temperature_rows(shipped)
    assert in_tables(shipped["methods"]) == in_tables(load_config(root)["methods"])
    for a, b in pairs(shipped["methods"]):
        methods = {rows[a]["method"], rows[b]["method"]}
        assert rows[a]["temperature"] == rows[b]["temperature"] or methods == {FOCUS}, (a, b)
    met = {(rows[a]["method"], rows[a]["temperature"]) for a, b in pairs(shipped["methods"]) if FOCUS in b}
    assert len({method for method, temperature in met if temperature == 1.0}) == 9
