"""A digest changes with the code that runs, and with nothing else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mope.errors import MopeError
from mope.provenance.code import _parse, closure, digest

SCRIPT = "from mope import a\n\n\ndef main():\n    from mope.deep import b\n\n    print(a.f(1), b.g())\n"
MODULE_A = (
    '"""Doc."""\n\nimport json\nfrom mope.deep.c import h\n\n\ndef f(x):\n    """Doc of f."""\n    return h(x) + 1\n'
)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A script that imports mope.a, which imports mope.deep.c, and, in a function, mope.deep.b."""
    files = {
        "scripts/stage.py": SCRIPT,
        "mope/__init__.py": "",
        "mope/a.py": MODULE_A,
        "mope/deep/__init__.py": "",
        "mope/deep/b.py": "def g():\n    return 2\n",
        "mope/deep/c.py": "def h(x):\n    return f'{x:>{3}}' 'y'\n",
        "mope/unused.py": "x = 1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path / "scripts/stage.py"


def changed(script: Path, name: str, text: str) -> bool:
    """Whether writing `text` to the file changes the script's digest."""
    before = digest(script)
    (script.parent.parent / name).write_text(text)
    return digest(script) != before


def test_all_imports_are_followed(script: Path) -> None:
    root = script.parent.parent
    names = [file.relative_to(root).as_posix() for file in closure(script)]
    modules = ["__init__.py", "a.py", "deep/__init__.py", "deep/b.py", "deep/c.py"]
    assert names == [*(f"mope/{name}" for name in modules), "scripts/stage.py"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mope/a.py", MODULE_A.replace("+ 1", "+ 2")),
        ("mope/a.py", MODULE_A.replace("+ 1", "+ 1.0")),
        ("mope/a.py", MODULE_A.replace("+ 1", "+ True")),
        ("mope/a.py", MODULE_A.replace("def f(x)", "def f(x=0)")),
        ("mope/deep/b.py", "def g():\n    return '2'\n"),
        ("mope/deep/b.py", "def g():\n    return b'2'\n"),
        ("mope/deep/c.py", "def h(x):\n    return f'{x:>{4}}' 'y'\n"),
        ("mope/deep/c.py", "def h(x):\n    return f'{x!r:>{3}}' 'y'\n"),
        ("mope/deep/__init__.py", "x = 1\n"),
        ("scripts/stage.py", SCRIPT.replace("f(1)", "f(x=1)")),
    ],
)
def test_real_edits_count(script: Path, name: str, text: str) -> None:
    assert changed(script, name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mope/a.py", MODULE_A.replace('"""Doc."""\n', "# a comment\n")),
        ("mope/a.py", MODULE_A.replace("Doc of f.", "Another text.")),
        ("mope/a.py", MODULE_A.replace('    """Doc of f."""\n', "")),
        ("mope/a.py", MODULE_A.replace("h(x) + 1", "(\n        h(x)  # why\n        + 1\n    )")),
        ("mope/deep/c.py", 'def h(x):\n    return (f"{x:>{3}}"\n        f"y")\n'),
        ("mope/unused.py", "x = 2\n"),
    ],
)
def test_comments_docstrings_and_formatting_do_not_count(script: Path, name: str, text: str) -> None:
    assert not changed(script, name, text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("from . import a\n", "line 1: relative import"),
        ("import importlib\nimportlib.import_module('mope.a')\n", "line 2: dynamic import"),
        ("from importlib import import_module\n", "line 1: dynamic import"),
        ("x = __import__('mope.a')\n", "line 1: dynamic import"),
        ("import mope.missing\n", "no such module"),
        ("from mope.missing import x\n", "no such module"),
        ("def f(:\n", "not a Python file"),
    ],
)
def test_what_cannot_be_followed_is_an_error(script: Path, text: str, named: str) -> None:
    (script.parent.parent / "mope/a.py").write_text(text)
    with pytest.raises(MopeError, match=named) as caught:
        digest(script)
    assert "a.py" in str(caught.value)


def test_a_missing_script_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MopeError, match="No such file"):
        digest(tmp_path / "scripts/none.py")


@given(st.one_of(st.integers(), st.floats(allow_nan=False), st.text(), st.binary(), st.booleans(), st.none()))
def test_constants_are_told_apart_by_type_and_value(value: object) -> None:
    def of(expression: str) -> str:
        return _parse(f"x = {expression}\n".encode(errors="surrogatepass"))[0]

    assert of(ascii(value)) == of(f"( {ascii(value)} )")
    assert of(ascii(value)) != of(f"[{ascii(value)}]")
    assert of(ascii(value)) != of(ascii(ascii(value)))


VARIED = """
def f(a, /, b: int = 1, *c, d=-1.5e3, **e) -> "str":
    x = f"a{a!r:>{b}}b" "c" f"{c=}" f"{d:}"
    match x:
        case {"k": [1, *_], **r} if r:
            pass
    with open(x) as y, y:
        yield (z := lambda: ...)
    return 1j, b"\\xff", u"\u00e9\\ud800", not True, 1 < b <= 3
"""


def test_the_digest_does_not_depend_on_the_interpreter() -> None:
    """Pinned, the same on Python 3.11 to 3.13: another digest on another minor version would rerun everything."""
    assert _parse(VARIED.encode())[0] == "3b6cb3f961d01d17fd8aa9f433b4c9075a9ee78adddab874c93d8382eee6c506"


@pytest.fixture
def table(script: Path) -> dict[str, list[str]]:
    """The script also imports a table of two entries, of which it uses one."""
    root = script.parent.parent
    (root / "mope/entry_one.py").write_text("import mope.deep.c\nx = 1\n")
    (root / "mope/entry_two.py").write_text("x = 2\n")
    (root / "mope/table.py").write_text("from mope import entry_one, entry_two\nTABLE = [entry_one, entry_two]\n")
    script.write_text(SCRIPT.replace("from mope import a", "from mope import a, table"))
    return {"mope.table": ["entry_one"]}


def test_of_a_table_only_the_chosen_entries_count(script: Path, table: dict[str, list[str]]) -> None:
    root = script.parent.parent
    names = {file.name for file in closure(script, table)}
    assert "entry_one.py" in names
    assert not names & {"entry_two.py", "table.py"}
    before, whole = digest(script, table), digest(script)
    (root / "mope/entry_two.py").write_text("x = 3\n")
    (root / "mope/entry_three.py").write_text("x = 3\n")
    (root / "mope/table.py").write_text("from mope import entry_one, entry_two, entry_three\n")
    assert digest(script, table) == before
    assert digest(script) != whole
    (root / "mope/entry_one.py").write_text("x = 4\n")
    assert digest(script, table) != before


def test_an_entry_without_a_module_is_named(script: Path) -> None:
    (script.parent.parent / "mope/table.py").write_text("x = 1\n")
    script.write_text("import mope.table\n")
    with pytest.raises(MopeError, match="no module named entry_four"):
        digest(script, {"mope.table": ["entry_four"]})
