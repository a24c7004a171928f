"""Figures hold for any set of preferences: any number of dimensions and poles, ids and names of one's own."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from any_preferences import alpha_samples, preferences_of
from matplotlib.figure import Figure

from mope.report.figures import alpha_position, alpha_tokens, combination_bars, preference_bars, reward_fronts
from mope.report.figures.style import PREFERENCE_COLOURS, write_figure
from mope.report.figures.table import FIGURES

SETS = {
    "one_dimension": preferences_of({"tone": ["kind", "blunt"]}),
    "one_pole": preferences_of({"tone": ["kind"]}),
    "four_dimensions": preferences_of(
        {"reader": ["X9", "child"], "amount": ["little", "lots"], "tone": ["kind", "P2A"], "form": ["prose", "list"]},
        {"X9": "expert of that very field", "child": "child in its first year of school", "P2A": "with authority"},
    ),
    "uneven": preferences_of({"b": ["z", "y", "x", "w", "v"], "a": ["m"]}),
    "strange_names": preferences_of(
        {"$x^ and $y": ["A", "B"], "\x1b\x00[0m": ["C", "D"]}, {"A": "$$", "C": "a\x0cb\n\ufffe"}
    ),
}


def shown(figure: Figure) -> list[str]:
    """All texts of a figure, of its axes, ticks and legends."""
    return [
        text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")) if text.get_visible()
    ]


@pytest.fixture(scope="module", params=SETS)
def given(request: pytest.FixtureRequest, draw_from: Callable) -> tuple[str, dict]:
    return request.param, draw_from(SETS[request.param])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_drawn(figure: str, given: tuple[str, dict], tmp_path: Path) -> None:
    name, sources = given
    module = FIGURES[figure]
    if figure == "weight_fronts" and len(sources["preferences"].dimensions) == 1:
        pytest.skip("one dimension has no weights: the configuration refuses fronts of it")
    files = [tmp_path / f"{name}.{figure}.{suffix}" for suffix in ("svg", "png")]
    drawn = module.draw(**{source: sources[source] for source in module.SOURCES})
    write_figure(drawn, files, stage="plot", inputs=[])
    assert all(file.stat().st_size > 3000 for file in files)
    ElementTree.parse(files[0])  # no character that XML forbids


def test_every_preference_has_a_panel_that_names_it(given: tuple[str, dict]) -> None:
    preferences = given[1]["preferences"]
    drawn = preference_bars.draw(given[1]["average_by_cell"], preferences)
    titles = [axis.get_title() for axis in drawn.axes if axis.get_visible()]
    assert len(titles) == len(set(titles)) == len(preferences.ids)
    assert all(any(title.startswith(name) for title in titles) for name in preferences.ids)


def test_dimensions_are_columns_and_poles_rows() -> None:
    assert preference_bars.layout([("a", "b"), ("c",), ("d", "e")]) == (["a", "c", "d", "b", None, "e"], 3)
    assert preference_bars.layout([("a", "b", "c", "d")]) == (["a", "b", "c", "d"], 3)
    assert preference_bars.layout([("a",)]) == (["a"], 1)


def test_a_panel_shows_the_rows_of_its_own_cell(given: tuple[str, dict]) -> None:
    """Where a dimension has fewer poles than another, no panel moves to its neighbour's place."""
    table, preferences = given[1]["average_by_cell"], given[1]["preferences"]
    for axis in preference_bars.draw(table, preferences).axes:
        if axis.get_visible():
            (own,) = [name for name in preferences.ids if axis.get_title().startswith(name)]
            expected = table[table["preference"] == own]["average_win_rate"] * 100
            assert np.allclose([bar.get_width() for bar in axis.patches], expected)


def test_the_axes_of_the_fronts_are_the_dimensions(given: tuple[str, dict]) -> None:
    name, sources = given
    drawn = reward_fronts.draw(sources["scores"], sources["preferences"])
    labels = {axis.get_xlabel() for axis in drawn.axes} | {axis.get_ylabel() for axis in drawn.axes} - {""}
    if name == "four_dimensions":
        assert labels - {""} == {f"reward, {dimension}" for dimension in ("reader", "amount", "tone", "form")}
        assert len(drawn.axes) == 6
    if name == "one_dimension":
        assert labels - {""} == {"reward, tone"} and len(drawn.axes) == 1


def test_points_of_the_fronts_are_the_mean_rewards_on_those_dimensions(draw_from: Callable) -> None:
    sources = draw_from(SETS["four_dimensions"])
    scores = sources["scores"].copy()
    level = {"X9": 0.1, "child": 0.1, "little": 0.2, "lots": 0.2, "kind": 0.3, "P2A": 0.3, "prose": 0.4, "list": 0.4}
    scores["bt_reward"] = scores["preference"].map(level)
    of = {"reward, reader": 0.1, "reward, amount": 0.2, "reward, tone": 0.3, "reward, form": 0.4}
    for axis in reward_fronts.draw(scores, sources["preferences"]).axes:
        for container in axis.containers:
            x, y = container[0].get_xydata()[0]
            assert (x, y) == pytest.approx((of[axis.get_xlabel()], of[axis.get_ylabel()]))


def test_one_panel_of_weights_per_dimension(given: tuple[str, dict]) -> None:
    preferences = given[1]["preferences"]
    drawn = alpha_position.draw(given[1]["alpha_samples"], preferences)
    lines = [[line.get_label() for line in axis.get_lines()[:-1]] for axis in drawn.axes]
    assert [len(labels) for labels in lines] == [len(poles) for poles in preferences.dimensions.values()]


def test_with_one_expert_its_weight_is_all(given: tuple[str, dict]) -> None:
    if given[0] == "one_dimension":
        assert alpha_tokens._strength(np.array([1.0])) == 1
    assert alpha_tokens._strength(np.array([0.5, 0.5])) == 0
    assert alpha_tokens._strength(np.array([0.5, 0.25, 0.25])) == pytest.approx(0.25)


def test_preferences_have_colours_of_their_own(given: tuple[str, dict]) -> None:
    preferences = given[1]["preferences"]
    looks = alpha_tokens._looks(preferences.dimensions, preferences.ids)
    assert list(looks) == list(preferences.ids)
    assert len(set(looks.values())) == len(looks) <= len(PREFERENCE_COLOURS)


def test_the_legend_of_many_preferences_has_several_lines_within_the_page() -> None:
    looks = {f"a rather long name of preference {i}": ("#000000", "-") for i in range(12)}
    entries = alpha_tokens._legend(looks)
    assert [text.strip() for _, _, text, _ in entries] == [*looks, alpha_tokens.LEGEND]
    assert all(column + len(text) <= alpha_tokens.LINE for column, _, text, _ in entries)
    assert len({(column, line) for column, line, _, _ in entries}) == len(entries) and entries[-1][1] > 2


def test_long_prompts_leave_room_for_the_names() -> None:
    preferences = SETS["four_dimensions"]
    samples = alpha_samples(preferences, prompts=1).assign(prompt="Why? " * 300)
    (heading, *_) = [text for text in shown(alpha_tokens.draw(samples, preferences)) if text.startswith("Why?")]
    assert "kind" in heading and "..." in heading and len(heading) < 180


def test_more_combinations_than_can_be_seen_are_cut_and_the_caption_says_so(draw_from: Callable) -> None:
    table = draw_from(SETS["one_dimension"])["average_by_cell"]
    many = preferences_of({f"d{i}": [f"a{i}", f"b{i}"] for i in range(7)})
    own = table[table["combination"] != "all"].head(1)
    rows = [own.assign(combination=combination) for combination in many.combinations()]
    drawn = combination_bars.draw(pd.concat(rows), many)
    assert len([axis for axis in drawn.axes if axis.get_visible()]) == combination_bars.MOST_PANELS < len(rows)
    assert str(combination_bars.MOST_PANELS) in combination_bars.CAPTION


def test_sample_answers_of_five_combinations_differ() -> None:
    samples = alpha_samples(preferences_of({"a": list("vwxyz")}))
    chosen = [answer["combination"].iloc[0] for answer in alpha_tokens.sample_answers(samples)]
    assert len(set(chosen)) == len(chosen) == 4
