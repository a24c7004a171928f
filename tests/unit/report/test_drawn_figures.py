"""Figures draw what the tables say, as deterministic files."""

import hashlib
import io
import re
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from mope.dag.figures import FigureEntry, read_figures
from mope.methods.names import short_title
from mope.preferences import load_preferences
from mope.report.figures import alpha_tokens, preference_bars, reward_fronts, training_curves, variants, win_rate_matrix
from mope.report.figures.style import COLOURS, PREFERENCE_COLOURS, compact, shades, write_figure
from mope.report.figures.table import FIGURES

DEFAULT = load_preferences("workflow/prompts/preferences.yaml", ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"])


@pytest.fixture(scope="module")
def sources(draw_from):
    return draw_from(DEFAULT)


@pytest.fixture(scope="module")
def alphas(sources):
    return sources["alpha_samples"]


def test_each_entry_of_the_table_is_the_module_of_its_name():
    assert all(module.__name__ == f"mope.report.figures.{name}" for name, module in FIGURES.items())


def test_what_the_rules_read_of_the_figures_is_what_the_modules_say():
    said = {name: FigureEntry(module.SOURCES, module.CAPTION) for name, module in FIGURES.items()}
    assert read_figures() == said and list(read_figures()) == list(FIGURES)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("figure", FIGURES)
def test_files_are_deterministic(figure, sources, tmp_path):
    module, digests = FIGURES[figure], []
    for name in ("first", "second"):
        paths = [tmp_path / name / "figure.svg", tmp_path / name / "figure.png"]
        drawn = module.draw(**{source: sources[source] for source in module.SOURCES})
        write_figure(drawn, paths, stage="plot", inputs=[])
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in paths])
        assert all(path.stat().st_size > 3000 for path in paths)
    assert digests[0] == digests[1]
    svg = paths[0].read_text()
    assert "<dc:date>" not in svg and "<text" in svg and len(svg) < 120_000


def shown(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_matrix_shows_the_rates(sources):
    table = sources["win_rates"]
    rows = table[(table["combination"] == "all") & (table["preference"] == "all")]
    assert sorted(shown(win_rate_matrix.draw(table))) == sorted(f"{100 * x:.0f}" for x in rows["win_rate"])


def test_variants_stand_at_their_win_rates_against_mope(sources):
    table = sources["variants"].copy()
    table.loc[table["method"] == table["method"].iloc[0], "role"] = "exploratory"  # a row of the main tables
    rows = table[(table["role"] == "ablation") & (table["opponent"] == "mope")]
    (axis,) = variants.draw(table).axes
    assert (
        [label.get_text() for label in axis.get_yticklabels()]
        == [short_title(method) for method in rows["method"]]
        != []
    )
    (points, *_) = axis.containers[0]
    assert np.allclose(points.get_xdata(), 100 * rows["win_rate"])


def test_one_variant_alone_is_seen_whole(sources):
    table = sources["variants"]
    row = table[table["opponent"] == "mope"].iloc[:1].assign(role="ablation")
    figure = variants.draw(pd.concat([row.assign(set=name) for name in ("single", "comparison")]))
    figure.canvas.draw()
    (axis,) = figure.axes
    box = axis.get_window_extent()
    assert len(axis.containers) == 2
    for marks, *_ in axis.containers:
        heights = axis.transData.transform(marks.get_xydata())[:, 1]
        assert (heights > box.y0 + 4).all() and (heights < box.y1 - 4).all()


def test_bars_end_at_the_rates(sources):
    table = sources["average_by_cell"]
    figure = preference_bars.draw(table, DEFAULT)
    widths = sorted(bar.get_width() for axis in figure.axes for bar in axis.patches)
    expected = table[table["preference"] != "all"]["average_win_rate"] * 100
    assert np.allclose(widths, sorted(expected))


def test_front():
    points = np.array([[0, 1], [1, 0], [0.5, 0.5], [0.4, 0.4], [0, 0]])
    assert reward_fronts.front(points).tolist() == [0, 2, 1]


def test_wrapped_tokens_give_the_text_back():
    tokens = "The| qui|ck| brown| fox| jumps| over|| the| lazy| dog|.".split("|")
    lines = alpha_tokens.wrap(tokens, 14)
    assert [i for line in lines for i, _, _ in line] == list(range(len(tokens)))
    assert " ".join("".join(t for _, _, t in line) for line in lines) == "".join(tokens)
    assert all(column + len(text) <= 14 for line in lines for _, column, text in line)


def test_curves_without_a_common_quantity_leave_it_out(sources):
    curves = sources["curves"]
    titles = [axis.get_title() for axis in training_curves.draw(curves).axes]
    assert titles == ["mean reward", "loss"]


def distance_for_the_colour_blind(first, second):
    """Distance in linear RGB after Vienot, Brettel and Mollon's (1999) projection for deuteranopes."""
    deuteranope = np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]])
    linear = (np.power(np.array(to_rgb(colour)), 2.2) for colour in (first, second))
    return np.linalg.norm(np.subtract(*(deuteranope @ colour for colour in linear)))


def test_colours_differ_for_the_colour_blind():
    palette = list(COLOURS)
    gaps = [distance_for_the_colour_blind(a, b) for i, a in enumerate(palette) for b in palette[:i]]
    assert min(gaps) > 0.05
    assert len(set(PREFERENCE_COLOURS)) == len(PREFERENCE_COLOURS)
    assert shades(DEFAULT.ids)["P3B"] == "#555555"  # the colours of the published figures stay


def test_backend_needs_no_display():
    assert matplotlib.get_backend().lower() == "agg"


def test_sample_answers_differ_in_prompt_and_combination():
    combinations = ["P1A-P2A", "P1A-P2B", "P1B-P2A", "P1B-P2B"]
    rows = [(f"q{i}", c, 0, "word", 0.5) for i in range(5) for c in combinations]
    samples = pd.DataFrame(rows, columns=["prompt_id", "combination", "position", "token", "P1A"])
    chosen = [(a["prompt_id"].iloc[0], a["combination"].iloc[0]) for a in alpha_tokens.sample_answers(samples)]
    assert chosen == list(zip(("q0", "q1", "q2", "q3"), combinations, strict=True))


def test_compact_svg_keeps_text_and_its_fonts_and_drops_digits():
    figure = Figure()
    figure.text(0.1, 0.1, "0.12345 of it")
    figure.text(0.2, 0.2, "turned", ha="center", rotation=90)
    figure.text(0.3, 0.3, "wide", family="DejaVu Sans Mono")
    figure.savefig(file := io.StringIO(), format="svg")
    svg, small = file.getvalue(), compact(file.getvalue())
    assert all(f">{text}<" in small for text in ("0.12345 of it", "turned", "wide"))
    assert re.findall(r"'DejaVu[^}\"]*", small) == [
        "'DejaVu Sans', Verdana, sans-serif",
        "'DejaVu Sans Mono', monospace",
    ]
    assert small.count("rotate(") == 1 and not re.search(r"\d\.\d{5}", small.replace("0.12345", ""))
    assert len(small) < 0.8 * len(svg)


def test_tokens_are_written_where_they_stand(alphas):
    """SVG drops spaces at the start of a text, so that a token with one must begin a column later."""
    texts = {t.get_text(): t.get_position()[0] for t in alpha_tokens.draw(alphas, DEFAULT).axes[0].texts}
    assert texts["is"] == len("Rain ") and not any(text != text.strip() for text in texts)


def test_dollar_signs_and_control_characters_are_drawn_as_they_are(alphas, tmp_path):
    """Of prompts as of tokens: neither a formula nor a character that no XML file may hold."""
    prompts = ["What is $$?", "Solve $x^ and $y", "\\frac $\\\\frac{1}{2$", "What does \x1b[0m\x0c\x00\ufffe do?\nYes?"]
    strange = alphas.copy()
    strange["prompt"] = strange["prompt_id"].map(lambda name: prompts[int(name[1:]) % len(prompts)])
    strange.loc[strange["position"] == 1, "token"] = " $"
    strange.loc[strange["position"] == 3, "token"] = " a\x1b\x00$_{"
    drawn = shown(alpha_tokens.draw(strange, DEFAULT))
    assert any(text.startswith("What is $$?") for text in drawn)
    assert any("\\x1b[0m\\x0c\\x00\\ufffe do? Yes?" in text for text in drawn)
    assert "a\\x1b\\x00$_{" in drawn
    files = [tmp_path / "a.svg", tmp_path / "a.png"]
    write_figure(alpha_tokens.draw(strange, DEFAULT), files, "plot_alpha_tokens", [])
    text = " ".join(ElementTree.parse(files[0]).getroot().itertext())
    assert "What is $$?" in text and "a\\x1b\\x00$_{" in text
