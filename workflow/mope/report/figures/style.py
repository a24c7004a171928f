"""What all figures share: fonts, colours that survive grey print and colour blindness, and deterministic files."""

import re
from argparse import Namespace
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402  (the backend comes first)
from matplotlib.figure import Figure  # noqa: E402
from scour.scour import scourString  # noqa: E402

from mope.methods.names import FOCUS  # noqa: E402
from mope.provenance.artifact import write  # noqa: E402

# Okabe and Ito's palette, ordered so that neighbours differ in lightness too.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#F0E442")
# For preferences, in the order of their file: first six for the default ones, then the others of the palette.
PREFERENCE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#F0E442", "#555555", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))
HATCHES = ("", "////", "....", "xxxx")
SHORT = Namespace(
    digits=5,
    strip_ids=True,  # nothing outside of the file refers to them
    remove_metadata=True,
    group_create=True,
    indent_type="none",
    newlines=False,
)
plt.rcParams.update(
    {
        "font.family": "DejaVu Sans",
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "legend.frameon": False,
        "savefig.dpi": 150,
        "svg.hashsalt": "mope",
        "text.parse_math": False,  # a dollar sign in a prompt or name is shown as it is
        "svg.fonttype": "none",  # text stays text: a quarter of the size, and it can be searched
    }
)


def point(name: str, index: int) -> dict:
    """How the method at `index` of a list is drawn as a point with an error bar; the focus method stands out."""
    focus = name == FOCUS
    others = [colour for colour in COLOURS if colour != "#D55E00"]
    return {
        "fmt": "*" if focus else MARKERS[index % len(MARKERS)],
        "markersize": 15 if focus else 6.5,
        "color": "#D55E00" if focus else others[index % len(others)],
        "markeredgecolor": "black",
        "markeredgewidth": 0.7,
        "ecolor": "#888888",
        "elinewidth": 0.9,
    }


def shades(ids: Sequence[str]) -> dict[str, str]:
    """A colour for every preference id, by its place among all of the preference file."""
    return dict(zip(ids, cycle(PREFERENCE_COLOURS)))


def grid(cells: int, columns: int) -> tuple[int, int]:
    """Rows and columns of so many panels, at most `columns` side by side."""
    columns = min(cells, columns)
    return -(-cells // columns), columns


def compact(svg: str) -> str:
    """The same picture, made smaller by Scour; the font is named once for all text, with fallbacks."""
    svg = re.sub(r""" transform="rotate\(-0 [^"]*"|font-family: 'DejaVu Sans'(; |(?="))""", "", svg)
    svg = svg.replace("*{", "svg{font-family: 'DejaVu Sans', Verdana, sans-serif}*{", 1)
    return scourString(svg.replace("'DejaVu Sans Mono'", "'DejaVu Sans Mono', monospace"), SHORT)


def write_figure(figure: Figure, outputs: Sequence[Path], stage: str, inputs: Sequence[Path]) -> None:
    """Write a figure as artifacts, one per suffix (.svg, .png), without dates, and close it."""
    for path in outputs:
        with write(path, stage=stage, params={}, seeds={}, inputs=inputs) as tmp:
            metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
            figure.savefig(tmp, metadata=metadata)
            if path.suffix == ".svg":
                tmp.write_text(compact(tmp.read_text()))
    plt.close(figure)
