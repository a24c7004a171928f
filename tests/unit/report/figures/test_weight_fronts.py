"""The figure of fronts draws the rewards of its points."""

import numpy as np
import pytest
from any_preferences import front_points, preferences_of

from mope.methods.weight_grid import weight_grid
from mope.report.figures.weight_fronts import draw, edge

TWO = {"tone": ["kind", "blunt"], "size": ["long", "short"]}
FOUR = TWO | {"form": ["prose", "list"], "age": ["young", "old"]}


@pytest.mark.parametrize("dimensions", [TWO, FOUR])
def test_an_edge_holds_the_points_without_weight_elsewhere(dimensions: dict[str, list[str]]) -> None:
    preferences = preferences_of(dimensions)
    points, dimension_of = front_points(preferences), {p: name for name, poles in dimensions.items() for p in poles}
    points["dimension"] = points.preference.map(dimension_of)
    grid, (x, y) = weight_grid(len(dimensions), 0.25), ("tone", "size")
    found = edge(points, x, y)
    for method in ("mope_graded", "mod"):
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            weights = [1 - share, share] + [0.0] * (len(dimensions) - 2)
            own = points[(points.method == method) & (points.point == grid.index(tuple(weights)))]
            means = own.groupby("dimension").bt_reward.mean()  # over the two combinations
            assert found.loc[method, share].tolist() == pytest.approx([means[x], means[y]])
    assert len(found) == 10


def test_each_pair_of_dimensions_has_a_panel_with_a_line_for_each_method() -> None:
    preferences = preferences_of(FOUR)
    drawn = draw(front_points(preferences), preferences)
    assert len(drawn.axes) == 6
    for axis in drawn.axes:
        assert [len(line.get_xdata()) for line in axis.lines] == [5, 5]
        for line, marks in zip(axis.lines, axis.collections, strict=True):
            assert np.allclose(marks.get_offsets(), np.column_stack(line.get_data()))
            assert marks.get_sizes()[0] > marks.get_sizes()[1:].max()  # the end with all weight across
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["MoPE graded", "MOD"]
