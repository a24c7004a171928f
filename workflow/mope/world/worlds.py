"""Embedded worlds by name: each is a folder of data files beside this module, read once.

A world that results were made on is frozen: a change of its files is a new world with a new name. A world may extend
another one (`extends` in its world.yaml): it has all of that world, and formal and informal sentences of its own.
"""

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import yaml

from mope.errors import MopeError
from mope.runtime.suggestion import one_of
from mope.world.topics import Topic

WORLD_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Phrasings:
    """Forms of a question, with places {phrase}, {verb} and {other}; the unseen ones are asked in evaluation only."""

    single: tuple[str, ...]
    single_unseen: tuple[str, ...]
    comparison: tuple[str, ...]
    comparison_unseen: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class World:
    """All that an embedded world consists of; compared and hashed by identity, as `load` makes one object of each."""

    name: str
    topics: tuple[Topic, ...]  # in the order of the files topics/*.yaml
    tones: dict[str, dict[str, list[str]]]  # openers and closers of every tone
    questions: Phrasings
    proper_nouns: frozenset[str]  # first words of facts that keep their capital within a sentence
    formality: dict[str, dict[str, list[str]]] = field(default_factory=dict)  # openers and closers: formal, informal


def names() -> list[str]:
    """The known worlds, in alphabetical order."""
    return sorted({file.parent.name for file in WORLD_FOLDER.glob("*/*.yaml")})


def lineage(name: str) -> list[str]:
    """A world and those that it extends: the folders of its files."""
    file = WORLD_FOLDER / name / "world.yaml"
    return [name, *lineage(_read(file)["extends"])] if file.is_file() else [name]


@cache
def load(name: str) -> World:
    """The world of this name; `MopeError` names the known ones where there is none."""
    if name not in names():
        raise MopeError(f"world: {name!r} found, {one_of(name, names())} is expected")
    folder, extended = WORLD_FOLDER / name, lineage(name)[1:]
    if extended:
        return replace(load(extended[0]), name=name, formality=_read(folder / "formality.yaml"))
    topics = tuple(
        Topic(t["id"], t["phrase"], t["verb"], tuple(t["keywords"]), tuple(t["facts"]))
        for file in sorted(folder.glob("topics/*.yaml"))
        for t in _read(file)
    )
    questions = Phrasings(**{kind: tuple(forms) for kind, forms in _read(folder / "questions.yaml").items()})
    nouns = frozenset(_read(folder / "proper_nouns.yaml"))
    return World(name, topics, _read(folder / "tones.yaml"), questions, nouns)


def _read(file: Path) -> dict | list:
    return yaml.safe_load(file.read_text(encoding="utf-8"))
