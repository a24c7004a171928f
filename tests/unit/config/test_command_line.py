"""A key on the command line is read as Snakemake reads it."""

import pytest

from mope.config.command_line import parse_change
from mope.errors import MopeError


def test_the_value_is_yaml() -> None:
    assert parse_change("run=own") == {"run": "own"}
    assert parse_change("seed=3") == {"seed": 3}
    assert parse_change("methods={a: {kind: base, prompt: 'x=y'}}") == {
        "methods": {"a": {"kind": "base", "prompt": "x=y"}}
    }


@pytest.mark.parametrize("text", ["run", "=own", "a b=c", "methods={a: "])
def test_what_is_no_key_and_value_is_refused(text: str) -> None:
    with pytest.raises(MopeError, match=r"^CONFIG: .* expected"):
        parse_change(text)
