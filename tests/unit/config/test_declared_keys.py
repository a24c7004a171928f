"""What the entries of a table declare reaches the schema and the checks: no name of an entry stands in these."""

from pathlib import Path

import pytest

from mope.config import entries_schema
from mope.config.declared_keys import declared_key_problems
from mope.config.entries_schema import MIXER_TABLE, entry_keys, mixers_of_space, resolved
from mope.provenance.declared import declared, separated

NUMBER = {"type": "number"}
TABLE = {"plain": {}, "warm": {"REQUIRED": {"heat": NUMBER}, "OPTIONAL": {"colour": NUMBER}}, "red": {"SPACE": "logit"}}


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> str:
    """A table of three entries, of which one declares keys."""
    monkeypatch.setattr(entries_schema, "declared", lambda name: TABLE)
    return "some.table"


def problems(given: dict, table: str, entry: str) -> list[tuple]:
    return list(declared_key_problems(given, table, "mixer", entry, ("methods", "mine")))


def test_keys_of_one_entry_are_its_own(table: str) -> None:
    assert problems({"heat": 1, "colour": 2}, table, "warm") == problems({}, table, "plain") == []
    place = ("methods", "mine", "heat")
    assert problems({}, table, "warm") == [(place, "missing; with mixer: warm this key is expected")]
    assert problems({"heat": 1}, table, "red") == [(place, "needless; this key is expected with mixer: warm only")]


def test_the_schema_has_the_keys_that_a_table_declares(table: str) -> None:
    known = resolved({"properties": {"eta": NUMBER}, "keys_of": table})
    assert known == {"properties": {"eta": NUMBER, "heat": NUMBER, "colour": NUMBER}}
    by = resolved({"kind_of": table, "by": "objective", "shared": {"settings": NUMBER}})
    assert by["properties"] == {"objective": {"enum": ["plain", "warm", "red"]}}
    then = {rule["if"]["properties"]["objective"]["const"]: rule["then"] for rule in by["allOf"]}
    assert then["warm"]["required"] == ["objective", "heat"]
    assert set(then["warm"]["properties"]) == {"objective", "heat", "colour", "settings"}
    assert set(then["plain"]["properties"]) == {"objective", "settings"}


def test_settings_of_an_entry_are_told_from_those_of_all() -> None:
    settings = {"strength": 0.7, "steps": 3}
    assert separated(MIXER_TABLE, "arithmetic", settings) == ({"steps": 3}, {"strength": 0.7})
    assert separated(MIXER_TABLE, "uniform", settings) == (settings, {})


def test_a_rule_says_its_space_if_and_only_if_it_takes_a_controller(root: Path) -> None:
    for name, keys in entry_keys(MIXER_TABLE).items():
        assert ("controller" in keys) == ("SPACE" in declared(MIXER_TABLE)[name]), name
    assert (mixers_of_space("probability"), mixers_of_space("logit")) == (["controller"], ["logit"])
