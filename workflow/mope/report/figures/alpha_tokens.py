"""Which expert wrote which word: sample answers whose tokens are shaded by the expert with the largest weight."""

import math
from collections.abc import Mapping, Sequence
from itertools import count, cycle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mope.errors import shortened, visible
from mope.preferences import Preferences
from mope.prompting import transcript
from mope.report.figures.style import shades

SOURCES = ("alpha_samples", "preferences")
CAPTION = "Sample answers of the controller; each token is shaded by the expert with the largest weight."
PALE = 0.30  # opacity of a token at equal weights; full weight is 0.85
LINE = 116  # characters per line
WIDTH = 9.2  # inches
ADVANCE = 0.602  # width of a character of DejaVu Sans Mono, in units of its size
ANSWERS_SHOWN = 4
LEGEND = "stronger shade: larger weight"
UNDERLINES = ("-", "--", ":", "-.")  # one per dimension: an answer has one expert of each, told apart in grey print too


def wrap(tokens: list[str], width: int) -> list[list[tuple[int, int, str]]]:
    """Lines of at most `width` characters, as (token index, column, text); words are kept whole.

    A token that begins a word begins with a space, as tokens of byte-level BPE do.
    """
    lines: list[list[tuple[int, int, str]]] = [[]]
    column = 0
    for i, token in enumerate(tokens):
        starts_word = token.startswith(" ")
        word = len(token) + sum(len(t) for t in _rest_of_word(tokens[i + 1 :]))
        if column and starts_word and column + word > width:
            lines.append([])
            column = 0
        text = token.lstrip(" ") if column == 0 else token
        lines[-1].append((i, column, text))
        column += len(text)
    return lines


def _rest_of_word(tokens: list[str]) -> list[str]:
    rest = []
    for token in tokens:
        if token.startswith(" "):
            break
        rest.append(token)
    return rest


def sample_answers(samples: pd.DataFrame) -> list[pd.DataFrame]:
    """At most `ANSWERS_SHOWN` answers, one per prompt, each to another combination.

    Combinations are taken in steps of five, so that neighbours differ in every dimension; in larger steps where their
    number has a divisor in common with five, so that none is taken twice.
    """
    answers = dict(list(samples.groupby(["prompt_id", "combination"], sort=False)))
    prompts, combinations = (list(dict.fromkeys(samples[c])) for c in ("prompt_id", "combination"))
    step = next(step for step in count(5) if math.gcd(step, len(combinations)) == 1)
    wanted = [(prompt, combinations[step * k % len(combinations)]) for k, prompt in enumerate(prompts)]
    found = [answers[key] for key in wanted if key in answers]
    return (found or list(answers.values()))[:ANSWERS_SHOWN]


def draw(alpha_samples: pd.DataFrame, preferences: Preferences) -> Figure:
    """`alpha_samples`: prompt_id, prompt, combination, position, token and a column of weights per preference id."""
    answers = [group.sort_values("position") for group in sample_answers(alpha_samples)]
    laid = [wrap([visible(str(token)) for token in group["token"]], LINE) for group in answers]
    looks = _looks(preferences.seen_in(alpha_samples["combination"]), preferences.ids)
    entries = _legend({visible(preferences.names[name]): look for name, look in looks.items()})
    y = 0.5 + 1.4 * entries[-1][1]
    rows = sum(len(lines) + 2.6 for lines in laid) + 0.7 + y
    figure = plt.figure(figsize=(WIDTH, 0.2 * rows))
    axis = figure.add_axes((0.01, 0, 0.98, 1))  # no automatic layout: characters must meet their boxes
    axis.set(xlim=(0, LINE + 2), ylim=(rows, -0.2))
    axis.axis("off")
    font = {"family": "DejaVu Sans Mono", "fontsize": 72 * 0.98 * WIDTH / (LINE + 2) / ADVANCE, "va": "center"}
    for column, line, label, look in entries:
        _explain(axis, column, 0.5 + 1.4 * line, label, look, font)
    y += 1.4
    for group, lines in zip(answers, laid, strict=True):
        active = preferences.members(group["combination"].iloc[0])
        weights = group[active].to_numpy(float)
        names = f"  [{visible(preferences.names_of(group['combination'].iloc[0]))}]"
        prompt = shortened(visible(transcript(group["prompt"].iloc[0])), max(LINE - len(names), LINE // 2))
        axis.text(0, y, prompt + names, fontsize=8.6, fontweight="bold", va="center")
        for line in lines:
            y += 1.15
            for i, column, text in line:
                winner = int(weights[i].argmax())
                _mark(axis, column, y, len(text), looks[active[winner]], PALE + 0.55 * _strength(weights[i]))
                _write(axis, column, y, text, font)
        y += 1.8
    return figure


def _strength(weights: np.ndarray) -> float:
    """How far the largest of the (k,) weights is above 1 / k: 0 for equal weights, 1 for a weight of 1; 1 if k = 1."""
    equal = 1 / len(weights)
    return float((weights.max() - equal) / (1 - equal)) if len(weights) > 1 else 1.0


def _looks(dimensions: Mapping[str, Sequence[str]], ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Shade of every preference that is met, and the dash of its dimension; `ids`: all of the preference file."""
    colours = shades(ids)
    dashes = zip(dimensions.values(), cycle(UNDERLINES), strict=False)
    return {name: (colours[name], dash) for poles, dash in dashes for name in poles}


def _legend(looks: dict[str, tuple[str, str]]) -> list[tuple[int, int, str, tuple[str, str] | None]]:
    """(column, line, text, look) of each name, in lines of at most `LINE` characters, and of the explanation."""
    entries, column, line = [], 0, 0
    for text, look in [*((f" {name} ", look) for name, look in looks.items()), (LEGEND, None)]:
        if column and column + len(text) > LINE:
            column, line = 0, line + 1
        entries.append((column, line, text, look))
        column += len(text) + 2
    return entries


def _explain(axis, x: float, y: float, text: str, look: tuple[str, str] | None, font: dict) -> None:
    if look is None:
        axis.text(x, y, text, fontsize=8, va="center", style="italic")
    else:
        _mark(axis, x, y, len(text), look, 0.6)
        _write(axis, x, y, text, font)


def _mark(axis, x: float, y: float, width: int, look: tuple[str, str], opacity: float) -> None:
    """A shaded box, underlined in the dash of the preference's dimension."""
    shade, dash = look
    axis.add_patch(Rectangle((x, y - 0.48), width, 0.96, facecolor=shade, alpha=opacity * 0.75, linewidth=0))
    dark = [0.6 * part for part in to_rgb(shade)]
    axis.plot([x, x + width], [y + 0.47] * 2, color=dark, linewidth=1.3, linestyle=dash)


def _write(axis, x: float, y: float, text: str, font: dict) -> None:
    """Text without the spaces around it: SVG would drop them, and with them the place of the first letter."""
    axis.text(x + len(text) - len(text.lstrip()), y, " ".join(text.split()), **font)
