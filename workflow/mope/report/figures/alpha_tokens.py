"""Which expert wrote which word: sample answers whose tokens are shaded by the expert with the largest weight."""

from itertools import cycle

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mope.errors import visible
from mope.report.figures.style import PREFERENCES, poles, shades

PALE = 0.30  # opacity of a token at equal weights; full weight is 0.85
LINE = 116  # characters per line
WIDTH = 9.2  # inches
ADVANCE = 0.602  # width of a character of DejaVu Sans Mono, in units of its size
ANSWERS_SHOWN = 4
UNDERLINES = ("-", "--", ":")  # one per dimension: an answer has one expert of each, told apart in grey print too


def wrap(tokens: list[str], width: int) -> list[list[tuple[int, int, str]]]:
    """Lines of (token index, column, text); tokens carry their own leading space, as byte-level tokens do."""
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
    """A few answers, one per prompt; steps of five through the combinations make them differ in every dimension."""
    answers = dict(list(samples.groupby(["prompt_id", "combination"], sort=False)))
    prompts, combinations = (list(dict.fromkeys(samples[c])) for c in ("prompt_id", "combination"))
    wanted = [(prompt, combinations[5 * k % len(combinations)]) for k, prompt in enumerate(prompts)]
    found = [answers[key] for key in wanted if key in answers]
    return (found or list(answers.values()))[:ANSWERS_SHOWN]


def draw(samples: pd.DataFrame) -> Figure:
    """`samples`: prompt_id, prompt, combination, position, token and one column of weights per preference id."""
    answers = sample_answers(samples)
    laid = [wrap([visible(str(t)) for t in group.sort_values("position")["token"]], LINE) for group in answers]
    rows = sum(len(lines) + 2.6 for lines in laid) + 1.2
    figure = plt.figure(figsize=(WIDTH, 0.2 * rows))
    axis = figure.add_axes((0.01, 0, 0.98, 1))  # no automatic layout: characters must meet their boxes
    axis.set(xlim=(0, LINE + 2), ylim=(rows, -0.2))
    axis.axis("off")
    font = {"family": "DejaVu Sans Mono", "fontsize": 72 * 0.98 * WIDTH / (LINE + 2) / ADVANCE, "va": "center"}
    dimensions = poles(samples["combination"])
    looks = _looks(dimensions)
    _legend(axis, looks, font)
    y = 1.9
    for group, lines in zip(answers, laid, strict=True):
        group = group.sort_values("position")
        active = group["combination"].iloc[0].split("-")
        weights = group[active].to_numpy(float)
        heading = f"{group['prompt'].iloc[0]}  [{', '.join(PREFERENCES.get(p, p) for p in active)}]"
        axis.text(0, y, visible(heading), fontsize=8.6, fontweight="bold", va="center")
        for line in lines:
            y += 1.15
            for i, column, text in line:
                winner = int(weights[i].argmax())
                name = active[winner]
                strength = (weights[i, winner] - 1 / len(active)) / (1 - 1 / len(active))
                _mark(axis, column, y, len(text), looks[name], PALE + 0.55 * strength)
                _write(axis, column, y, text, font)
        y += 1.8
    return figure


def _looks(dimensions: list[list[str]]) -> dict[str, tuple[str, str]]:
    """Shade of every preference, and the dash of its dimension."""
    colours = shades([name for ids in dimensions for name in ids])
    dashes = zip(dimensions, cycle(UNDERLINES), strict=False)
    return {name: (colours[name], dash) for ids, dash in dashes for name in ids}


def _mark(axis, x: float, y: float, width: int, look: tuple[str, str], opacity: float) -> None:
    """A shaded box, underlined in the dash of the preference's dimension."""
    shade, dash = look
    axis.add_patch(Rectangle((x, y - 0.48), width, 0.96, facecolor=shade, alpha=opacity * 0.75, linewidth=0))
    dark = [0.6 * part for part in to_rgb(shade)]
    axis.plot([x, x + width], [y + 0.47] * 2, color=dark, linewidth=1.3, linestyle=dash)


def _write(axis, x: float, y: float, text: str, font: dict) -> None:
    """Text without the spaces around it: SVG would drop them, and with them the place of the first letter."""
    axis.text(x + len(text) - len(text.lstrip()), y, " ".join(text.split()), **font)


def _legend(axis, looks: dict[str, tuple[str, str]], font: dict) -> None:
    x = 0.0
    for name, look in looks.items():
        label = f" {PREFERENCES.get(name, name)} "
        _mark(axis, x, 0.5, len(label), look, 0.6)
        _write(axis, x, 0.5, label, font)
        x += len(label) + 2
    axis.text(x, 0.5, "stronger shade: larger weight", fontsize=8, va="center", style="italic")
