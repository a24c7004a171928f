"""The grid of weights, by hand and for any number of dimensions."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mope.config.load import load_config
from mope.methods.weight_grid import grid_size, parts_of, weight_grid


def test_three_dimensions_in_quarters_are_fifteen_points() -> None:
    grid = weight_grid(3, 0.25)
    assert len(grid) == 15 and grid[:4] == [(1, 0, 0), (0.75, 0.25, 0), (0.75, 0, 0.25), (0.5, 0.5, 0)]
    assert weight_grid(2, 0.5) == [(1, 0), (0.5, 0.5), (0, 1)]
    assert weight_grid(1, 0.25) == [(1,)]


@given(st.integers(1, 5), st.integers(1, 6))
def test_every_multiple_that_sums_to_one_is_there_once(dimensions: int, parts: int) -> None:
    grid = weight_grid(dimensions, 1 / parts)
    assert len(grid) == len(set(grid)) == grid_size(dimensions, 1 / parts)
    assert len(grid) == math.comb(parts + dimensions - 1, parts)
    for weights in grid:
        assert len(weights) == dimensions and sum(weights) == pytest.approx(1)
        assert all(weight * parts == pytest.approx(round(weight * parts)) and weight >= 0 for weight in weights)
    corners = {tuple(float(i == own) for i in range(dimensions)) for own in range(dimensions)}
    assert corners <= set(grid)
    assert grid == sorted(grid, reverse=True)


def test_the_shipped_experiment_trains_on_the_weights_that_it_answers(root: Path) -> None:
    config = load_config(root, {"experiment": "fronts"})
    assert [tuple(w) for w in config["controllers"]["grid"]["weights"]] == weight_grid(3, config["fronts"]["step"])
    chosen = config["fronts"]["combinations"]
    assert sorted("-".join(chosen).split("-")) == sorted(config["preferences"])  # each preference once


@pytest.mark.parametrize(("step", "parts"), [(1, 1), (0.5, 2), (0.1, 10), (1 / 3, 3), (0.3, None), (0.7, None)])
def test_a_step_is_one_divided_by_a_whole_number(step: float, parts: int | None) -> None:
    assert parts_of(step) == parts
