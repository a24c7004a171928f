"""What the rules need to know of the figures, read from the text of their modules.

They are not imported: the Snakefile is also read where matplotlib and pandas are not installed.
Standard library only.
"""

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from mope.errors import MopeError

FIGURE_TABLE = "mope.report.figures.table"
FIGURE_FOLDER = Path(__file__).parents[1] / "report/figures"


@dataclass(frozen=True)
class FigureEntry:
    """What a figure's module says of it."""

    sources: tuple[str, ...]
    caption: str


def read_figures(folder: Path = FIGURE_FOLDER) -> dict[str, FigureEntry]:
    """Every figure of the folder's `table.py` in its order; `MopeError` for a module that lacks a constant."""
    table = _assigned(folder / "table.py").get("FIGURES")
    if not isinstance(table, ast.Dict):
        raise MopeError(f"{folder / 'table.py'}: no FIGURES found, a dictionary of modules is expected")
    names = [ast.literal_eval(key) for key in table.keys]
    return {name: FigureEntry(*_constants(folder / f"{name}.py")) for name in names}


def _constants(file: Path) -> tuple[tuple[str, ...], str]:
    """SOURCES and CAPTION of a figure's module."""
    found = _assigned(file)
    try:
        sources, caption = (ast.literal_eval(found[name]) for name in ("SOURCES", "CAPTION"))
    except KeyError as missing:
        raise MopeError(f"{file}: no {missing.args[0]} found; a figure states SOURCES and CAPTION") from None
    except ValueError:
        raise MopeError(f"{file}: SOURCES and CAPTION must be plain values, without names or calls") from None
    if not isinstance(sources, tuple) or not sources or not isinstance(caption, str):
        raise MopeError(f"{file}: SOURCES must be a tuple of names, CAPTION a text; {sources!r}, {caption!r} found")
    return sources, caption


def _assigned(file: Path) -> dict[str, ast.expr]:
    """The expressions that are assigned to single names at the top of a module."""
    try:
        tree = ast.parse(file.read_bytes())
    except OSError as error:
        raise MopeError(f"{file}: cannot be read ({error.strerror}); the module of a figure is expected") from None
    except (SyntaxError, ValueError) as error:
        raise MopeError(f"{file}: not a Python file: {error}") from None
    plain = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)]
    return {node.targets[0].id: node.value for node in plain}


def drawn_figures(figures: Mapping[str, FigureEntry], sources: Mapping[str, Collection[str]]) -> list[str]:
    """The figures of which each source has files; `MopeError` for a source that is not among those known.

    `sources`: name -> files, none where a run does not make them.
    """
    for figure, entry in figures.items():
        for unknown in [name for name in entry.sources if name not in sources]:
            raise MopeError(f"figure {figure}: source {unknown!r} is not one of {', '.join(sources)}")
    return [figure for figure, entry in figures.items() if all(sources[name] for name in entry.sources)]
