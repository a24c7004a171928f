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

from mope.analysis.win_rates import average_win_rates, averages_by_cell, evaluate, win_rates
from mope.report.figures import (
    alpha_position,
    alpha_tokens,
    combination_bars,
    decoding_cost,
    length_win_rate,
    preference_bars,
    reward_fronts,
    training_curves,
    variants,
    win_rate_matrix,
)
from mope.report.figures.style import COLOURS, PREFERENCE_COLOURS, compact, poles, shades, write_figure


@pytest.fixture(scope="module")
def evaluation(make):
    judgments, responses = make(8)
    e = evaluate("single", "rubric", list(responses), judgments, resamples=200, seed=1, max_unparsed=0)
    return e, pd.concat([t.assign(method=m) for m, t in responses.items()])


@pytest.fixture(scope="module")
def alphas():
    rng, rows = np.random.default_rng(0), []
    for i in range(6):
        for position, token in enumerate("Rain| is| water| that| falls| in| small| dro|ps|.".split("|")):
            weights = dict(zip(("P1A", "P2B", "P3A"), rng.dirichlet([1, 1, 1]), strict=True))
            base = {"prompt_id": f"q{i}", "prompt": "What is rain?", "combination": "P1A-P2B-P3A"}
            rows.append({**base, "position": position, "token": token, "P1B": 0.0, **weights})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def inputs(evaluation, alphas):
    e, tokens = evaluation
    rng = np.random.default_rng(0)
    scores = tokens.assign(preference="P1A").drop(columns="response")
    scores = pd.concat([scores.assign(preference=p, bt_reward=rng.random(len(scores))) for p in ("P1A", "P2A", "P3B")])
    curve = pd.DataFrame({"step": range(20), "reward": rng.random(20), "loss": rng.random(20), "other": 1.0})
    records = [
        {"system": s, "model": "m", "dtype": "float32", "device": "cpu", "requests": r, "experts_per_request": 3,
         "ratio_to_single": 1.0 + r / 10, "floor_ratio": 1.0}
        for s in ("pool", "sequential") for r in (1, 8)
    ]  # fmt: skip
    return {
        win_rate_matrix: win_rates(e, []),
        preference_bars: averages_by_cell(e),
        combination_bars: averages_by_cell(e),
        length_win_rate: average_win_rates(e, tokens),
        reward_fronts: scores,
        training_curves: {("mope", "seed0"): curve, ("mope", "seed1"): curve, ("raw", "seed0"): curve},
        alpha_tokens: alphas,
        alpha_position: alphas,
        decoding_cost: pd.DataFrame(records),
        variants: win_rates(e, []).query("combination == 'all' and preference == 'all'").assign(role="ablation"),
    }


MODULES = (win_rate_matrix, preference_bars, combination_bars, length_win_rate, reward_fronts, training_curves,
           alpha_tokens, alpha_position, decoding_cost, variants)  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.split(".")[-1])
def test_files_are_deterministic(module, inputs, tmp_path):
    digests = []
    for name in ("first", "second"):
        paths = [tmp_path / name / "figure.svg", tmp_path / name / "figure.png"]
        write_figure(module.draw(inputs[module]), paths, stage="plot", inputs=[])
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in paths])
        assert all(path.stat().st_size > 3000 for path in paths)
    assert digests[0] == digests[1]
    svg = paths[0].read_text()
    assert "<dc:date>" not in svg and "<text" in svg and len(svg) < 120_000


def shown(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_matrix_shows_the_rates(inputs):
    table = inputs[win_rate_matrix]
    rows = table[(table["combination"] == "all") & (table["preference"] == "all")]
    assert sorted(shown(win_rate_matrix.draw(table))) == sorted(f"{100 * x:.0f}" for x in rows["win_rate"])


def test_variants_stand_at_their_win_rates_against_mope(inputs):
    table = inputs[variants].copy()
    table.loc[table["method"] == table["method"].iloc[0], "role"] = "exploratory"  # a row of the main tables
    rows = table[(table["role"] == "ablation") & (table["opponent"] == "mope")]
    (axis,) = variants.draw(table).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == list(rows["method"]) != []
    (points, *_) = axis.containers[0]
    assert np.allclose(points.get_xdata(), 100 * rows["win_rate"])


def test_one_variant_alone_is_seen_whole(inputs):
    table = inputs[variants]
    row = table[table["opponent"] == "mope"].iloc[:1].assign(role="ablation")
    figure = variants.draw(pd.concat([row.assign(set=name) for name in ("single", "comparison")]))
    figure.canvas.draw()
    (axis,) = figure.axes
    box = axis.get_window_extent()
    assert len(axis.containers) == 2
    for marks, *_ in axis.containers:
        heights = axis.transData.transform(marks.get_xydata())[:, 1]
        assert (heights > box.y0 + 4).all() and (heights < box.y1 - 4).all()


def test_bars_end_at_the_rates(inputs):
    table = inputs[preference_bars]
    figure = preference_bars.draw(table)
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


def test_preferences_of_ones_own_are_drawn_in_a_colour_of_their_own(alphas):
    names = {"P1A": "brief", "P2B": "X2", "P3A": "P3A"}
    own = alphas.rename(columns=names).assign(combination="brief-X2-P3A")
    drawn = shown(alpha_tokens.draw(own))
    assert "brief" in drawn and "friendly" in drawn and any("[brief, X2, friendly]" in text for text in drawn)
    assert len(alpha_position.draw(own).axes) == 3
    assert poles(["P1A-P2B-P3A", "P1A-P2A-P3E"]) == [["P1A"], ["P2A", "P2B"], ["P3A", "P3E"]]
    assert len(set(shades(["P1A", "brief", "P3A", "X2"]).values())) == 4


def test_curves_without_a_common_quantity_leave_it_out(inputs):
    curves = inputs[training_curves]
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
    poles = list(PREFERENCE_COLOURS.values())
    assert len(set(poles)) == len(poles)


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
    texts = {t.get_text(): t.get_position()[0] for t in alpha_tokens.draw(alphas).axes[0].texts}
    assert texts["is"] == len("Rain ") and not any(text != text.strip() for text in texts)


def test_dollar_signs_and_control_characters_are_drawn_as_they_are(alphas, tmp_path):
    """Of prompts as of tokens: neither a formula nor a character that no XML file may hold."""
    prompts = ["What is $$?", "Solve $x^ and $y", "\\frac $\\\\frac{1}{2$", "What does \x1b[0m\x0c\x00\ufffe do?\nYes?"]
    strange = alphas.copy()
    strange["prompt"] = strange["prompt_id"].map(lambda name: prompts[int(name[1:]) % len(prompts)])
    strange.loc[strange["position"] == 1, "token"] = " $"
    strange.loc[strange["position"] == 3, "token"] = " a\x1b\x00$_{"
    drawn = shown(alpha_tokens.draw(strange))
    assert any(text.startswith("What is $$?") for text in drawn)
    assert any("\\x1b[0m\\x0c\\x00\\ufffe do? Yes?" in text for text in drawn)
    assert "a\\x1b\\x00$_{" in drawn
    files = [tmp_path / "a.svg", tmp_path / "a.png"]
    write_figure(alpha_tokens.draw(strange), files, "plot_alpha_tokens", [])
    text = " ".join(ElementTree.parse(files[0]).getroot().itertext())
    assert "What is $$?" in text and "a\\x1b\\x00$_{" in text
