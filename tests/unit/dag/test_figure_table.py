"""What the rules read of the figures, and which they draw."""

import subprocess
import sys
from pathlib import Path

import pytest

from mope.dag.figures import FIGURE_TABLE, FigureEntry, drawn_figures, read_figures
from mope.errors import MopeError
from mope.provenance.code import closure, digest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A table of two figures."""
    (tmp_path / "table.py").write_text('import broken_on_purpose\nFIGURES = {"second": second, "first": first}\n')
    (tmp_path / "first.py").write_text('import not_installed\nSOURCES = ("a", "b")\nCAPTION = "One " "text"\n')
    (tmp_path / "second.py").write_text('SOURCES = ("c",)\nCAPTION = "Other"\nx = print(SOURCES)\n')
    return tmp_path


def test_figures_are_read_in_the_order_of_the_table_and_not_run(folder: Path, capsys: pytest.CaptureFixture) -> None:
    found = read_figures(folder)
    assert list(found.items()) == [
        ("second", FigureEntry(("c",), "Other")),
        ("first", FigureEntry(("a", "b"), "One text")),
    ]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('SOURCES = ("a",)\n', "no CAPTION found"),
        ('CAPTION = "a"\n', "no SOURCES found"),
        ('SOURCES = ("a")\nCAPTION = "a"\n', "must be a tuple of names"),
        ('SOURCES = ()\nCAPTION = "a"\n', "must be a tuple of names"),
        ('SOURCES = (NAME,)\nCAPTION = "a"\n', "plain values"),
        ("SOURCES = (\n", "not a Python file"),
        (None, "cannot be read"),
    ],
)
def test_a_module_that_lacks_something_is_named(folder: Path, text: str | None, message: str) -> None:
    file = folder / "first.py"
    file.unlink() if text is None else file.write_text(text)
    with pytest.raises(MopeError, match=message) as caught:
        read_figures(folder)
    assert "first.py" in str(caught.value) and "\n" not in str(caught.value)


def test_a_figure_is_drawn_where_each_of_its_sources_is_made(folder: Path) -> None:
    figures = read_figures(folder)
    assert drawn_figures(figures, {"a": ["x"], "b": ["y"], "c": ["z"]}) == ["second", "first"]
    assert drawn_figures(figures, {"a": ["x"], "b": [], "c": ["z"]}) == ["second"]
    with pytest.raises(MopeError, match="figure first: source 'b' is not one of a, c"):
        drawn_figures(figures, {"a": ["x"], "c": ["z"]})


def test_a_figure_counts_its_own_module_and_what_that_imports(root: Path) -> None:
    script = root / "workflow/scripts/plot.py"
    files = {name: {file.stem for file in closure(script, {FIGURE_TABLE: [name]})} for name in read_figures()}
    for name, found in files.items():
        assert name in found and not found & (files.keys() - {name}) and {"style", "sources", "plot"} <= found
    assert "bars" in files["preference_bars"] and "bars" not in files["variants"]
    assert len({digest(script, {FIGURE_TABLE: [name]}) for name in files}) == len(files)


def test_the_snakefile_reads_the_figures_without_their_libraries(root: Path) -> None:
    heavy = "{'pandas', 'matplotlib', 'numpy'} & set(sys.modules)"
    code = f"import sys, mope.dag.figures as f; assert f.read_figures(); print(sorted({heavy}))"
    outcome = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(root / "workflow")}, capture_output=True, text=True
    )
    assert (outcome.stdout.strip(), outcome.stderr) == ("[]", "")
