"""The name of a run, which is that of its folder of results: an experiment's own, and no other's."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mope.errors import MopeError
from mope.runtime.suggestion import one_of
from mope.runtime.text_file import read_text
from mope.runtime.yaml_file import described, merged, read_yaml

EXPERIMENTS = "workflow/experiments"
RUN_LINE = re.compile(r"""^run: *['"]?([a-z0-9_]+)['"]? *(?:#.*)?$""", re.MULTILINE)
RESERVED_RUNS = ("reference", "published")  # folders of results/ that are no runs


def experiment_file(root: Path, name: str) -> Path:
    """The file of an experiment; `MopeError` for a name that none has."""
    folder = root / EXPERIMENTS
    known = {file.stem: file for file in sorted(folder.glob("*.yaml"))}
    if name not in known:
        raise MopeError(f"experiment: {name!r} found, {one_of(name, known)} is expected: a file of {folder}")
    return known[name]


def read_experiment(path: Path) -> dict:
    """What an experiment's file says; its run is called as the file unless it says otherwise.

    With `extends: <experiment>` it holds only its differences from that one, which extends none itself. `MopeError`
    where that one extends another or is no name, or where a file cannot be read.
    """
    content = read_yaml(path)
    parent = content.pop("extends", None)
    if parent is None:
        return {"run": path.stem} | content
    if not isinstance(parent, str):
        raise MopeError(f"{path}: extends: {described(parent)} found, the name of an experiment is expected")
    below = read_yaml(experiment_file(path.parents[2], parent))
    if "extends" in below:
        raise MopeError(
            f"{path}: extends: {parent} found, which extends {below['extends']}; one that extends none is expected"
        )
    return merged(below, {"run": path.stem} | content)


def clashes(run: str, root: Path, own: Iterable[Path]) -> Iterator[str]:
    """Why a run may not be called `run`: the name is reserved, or that of a configuration that is none of `own`."""
    if run in RESERVED_RUNS:
        yield f"{run!r} found; results/{run} is no folder of a run, another name is expected"
    mine = {path.resolve() for path in own}
    for path in _configurations(root):
        if path.resolve() not in mine and run == _run_of(path):
            shown = path.relative_to(root).as_posix()
            yield f"{run!r} found, which is the run of {shown}; a name that no other experiment has is expected"


def experiment_of(root: Path, run: str) -> str | None:
    """The name of the experiment whose run is called `run`; None where there is none."""
    return next((path.stem for path in sorted((root / EXPERIMENTS).glob("*.yaml")) if _run_of(path) == run), None)


def known_runs(root: Path) -> list[str]:
    """The runs of `config.yaml` and of every experiment."""
    return [str(_run_of(path)) for path in _configurations(root)]


def _configurations(root: Path) -> list[Path]:
    return [root / "config.yaml", *sorted((root / EXPERIMENTS).glob("*.yaml"))]


def _run_of(path: Path) -> object:
    """The run of another configuration, which may be a broken one."""
    try:
        line = RUN_LINE.search(read_text(path, "a YAML file"))
        return line[1] if line else read_experiment(path)["run"]  # parsing all files as YAML would take 0.3 s
    except MopeError:
        return path.stem
