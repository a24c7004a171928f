"""What the path of a table tells of its content.

Answers and scores lie in <set>/<method>.parquet, judgments in <set>/<judge>/<a>--<b>.parquet.
"""

from collections.abc import Iterable
from pathlib import Path

from mope.errors import MopeError

BETWEEN = "--"  # two methods in a name


def pair_name(a: str, b: str) -> str:
    """The name of a pair of methods: `a--b`."""
    return f"{a}{BETWEEN}{b}"


def methods_of_pair(name: str) -> tuple[str, str]:
    """The two methods of a pair `a--b`; `MopeError` for another name."""
    a, found, b = name.partition(BETWEEN)
    if not found:
        raise MopeError(f"pair of methods {name!r}: expected a name of the form <a>{BETWEEN}<b>")
    return a, b


def set_and_method(path: Path) -> tuple[str, str]:
    """The evaluation set and the method of a table of answers or scores."""
    return path.parent.name, path.stem


def by_method(paths: Iterable[Path]) -> dict[str, Path]:
    """The tables of one evaluation set by their methods."""
    return {set_and_method(path)[1]: path for path in paths}


def judged(path: Path) -> tuple[str, str, str, str]:
    """The evaluation set, the judge and the two methods of a table of judgments; `MopeError` for another name."""
    if BETWEEN not in path.stem:
        raise MopeError(f"{path}: expected a name of the form <a>{BETWEEN}<b>.parquet")
    return path.parent.parent.name, path.parent.name, *methods_of_pair(path.stem)


def judgment_file(folder: Path, a: str, b: str) -> Path:
    """Where the judgments of two methods lie in the folder of a set and a judge."""
    return folder / f"{pair_name(a, b)}.parquet"
