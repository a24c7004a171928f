"""Synthetic judgments as fixtures."""

import pandas as pd
import pytest
from synthetic_judgments import make_run, make_scores


@pytest.fixture(scope="session")
def make():
    return make_run


@pytest.fixture(scope="session")
def run():
    return make_run(20)


@pytest.fixture(scope="session")
def tokens(run):
    _, responses = run
    return pd.concat([table.assign(set="single", method=m) for m, table in responses.items()])


@pytest.fixture(scope="session")
def scores(run):
    _, responses = run
    return make_scores(responses).assign(set="single")
