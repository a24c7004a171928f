"""Tables hold for one dimension of preferences and for four."""

import numpy as np
import pandas as pd
import pytest
from any_preferences import alpha_samples, preferences_of
from synthetic_judgments import make_scores

from mope.analysis.aggregate import BY_SET, aggregate
from mope.analysis.alpha_tables import alpha_table

SETS = {
    "one": preferences_of({"tone": ["kind", "blunt"]}),
    "four": preferences_of({"reader": ["X9", "child"], "P2": ["P2A", "lots"], "tone": ["k", "b"], "form": ["p", "l"]}),
}


@pytest.mark.parametrize("name", SETS)
def test_all_tables_are_made_and_only_what_is_about_length_is_left_out(name, make) -> None:  # noqa: ANN001
    preferences = SETS[name]
    judgments, responses = make(6, combinations_=preferences.combinations())
    tokens = pd.concat([table.assign(set="single", method=method) for method, table in responses.items()])
    left_out = preferences.ids[:1]
    options = {"seed": 1, "resamples": 100, "named": [], "max_unparsed": 0, "about_length": left_out}
    scores = make_scores(responses).assign(set="single")
    tables = aggregate({("single", "rubric"): judgments}, tokens, scores, **options)
    assert all(len(tables[table]) for table in BY_SET)
    cells = tables["average_by_cell.csv"]
    assert set(cells["preference"]) == {"all", *preferences.ids}
    assert set(cells["combination"]) == {"all", *preferences.combinations()}
    assert set(tables["length_controlled.csv"]["preference"]) == set(preferences.ids[1:])  # P2A is no special id


@pytest.mark.parametrize("name", SETS)
def test_weights_of_every_dimension_add_up(name) -> None:  # noqa: ANN001
    preferences = SETS[name]
    samples = alpha_samples(preferences).assign(top_share=0.9)
    table = alpha_table(samples, {dimension: list(poles) for dimension, poles in preferences.dimensions.items()})
    assert np.allclose(table[list(preferences.dimensions)].sum(axis=1), 1)
    assert (table["top_weight"] == 1).all() if name == "one" else (table["top_weight"] < 1).all()
