"""Preferences, their dimensions and the combinations (xi) a user can state."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from mope.errors import MopeError
from mope.runtime.suggestion import one_of
from mope.runtime.yaml_file import described, read_yaml

ID = re.compile("[A-Za-z0-9][A-Za-z0-9_]{0,39}")
RESERVED_IDS = (
    "general",
    "best",
    "frame",
)  # feedback of all preferences, method expert: best, the judge's common template
LENGTH = "length_dimensions"  # key of the dimensions whose criterion is the amount said

# What people like in an answer when they are asked for nothing in particular: it is sound, says something, is kind.
GENERAL = "general"
OPEN_TEXT = ("P1A", "P1B", "P2A", "P2B", "P3A", "P3B")  # those that can be measured in a text of any kind


def combination_name(members: Iterable[str]) -> str:
    """The combination ξ of preferences that are given in the order of their dimensions, e.g. `P1A-P2B-P3A`."""
    return "-".join(members)


def members_of(combination: str) -> list[str]:
    """The preference ids of a combination ξ, known or not, in the order of their dimensions."""
    return combination.split("-")


@dataclass(frozen=True)
class Preferences:
    """The active preferences of an experiment.

    `ids` are ordered by dimension, then pole; this order is the order of the controller's outputs. `length_dimensions`
    are those whose criterion is the amount said.
    """

    ids: tuple[str, ...]
    names: dict[str, str]
    texts: dict[str, str]
    dimensions: dict[str, tuple[str, ...]]
    length_dimensions: tuple[str, ...] = ()

    @property
    def about_length(self) -> tuple[str, ...]:
        """The ids of the dimensions whose criterion is the amount said."""
        return tuple(pole for name in self.length_dimensions for pole in self.dimensions[name])

    def label(self, member: str) -> str:
        """A preference's id and name, e.g. `P1A elementary`; of an id that is its name, that alone."""
        name = self.names[member]
        return member if name == member else f"{member} {name}"

    def names_of(self, combination: str) -> str:
        """The names of a combination's members, e.g. `elementary, concise`."""
        return ", ".join(self.names[member] for member in self.members(combination))

    def seen_in(self, combinations: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The dimensions with those of their poles that some of the combinations hold."""
        seen = {member for combination in dict.fromkeys(combinations) for member in self.members(combination)}
        poles = {name: tuple(pole for pole in ids if pole in seen) for name, ids in self.dimensions.items()}
        return {name: ids for name, ids in poles.items() if ids}

    def combinations(self) -> list[str]:
        """All combinations, one pole of every dimension each, e.g. `P1A-P2B-P3A` (paper Table 1)."""
        return [combination_name(poles) for poles in product(*self.dimensions.values())]

    def members(self, combination: str) -> list[str]:
        """The preference ids of a combination; `MopeError` when one of them is not active."""
        ids = members_of(combination)
        for unknown in set(ids) - set(self.ids):
            raise MopeError(f"combination {combination!r}: {unknown!r} is not one of {', '.join(self.ids)}")
        return ids

    def indices(self, combination: str) -> list[int]:
        """Positions of a combination's members in `ids`."""
        return [self.ids.index(member) for member in self.members(combination)]

    def statements(self, combination: str, weights: Sequence[float] | None = None) -> list[str]:
        """The instruction texts of a combination's members, each with its weight (graded preferences) if there are."""
        texts = [self.texts[member] for member in self.members(combination)]
        return texts if weights is None else [f"{t} Weight: {w:.0%}." for t, w in zip(texts, weights, strict=True)]

    def prompt_texts(self, kind: str, member: str, combination: str) -> list[str]:
        """What one expert reads beside the instruction: its `own` text, `all` of the combination, or `none` [gap].

        `MopeError` for another `kind`.
        """
        match kind:
            case "own":
                return [self.texts[member]]
            case "all":
                return self.statements(combination)
            case "none":
                return []
        raise MopeError(f"expert prompt {kind!r}: expected own, all or none")


def load_preferences(path: str | Path, active: list[str] | tuple[str, ...] | None = None) -> Preferences:
    """Read the preference file and keep the `active` ids (None: all), and the dimensions that have one of them.

    `MopeError` for an id that the file does not have, or for an invalid file.
    """
    content = read_preferences(Path(path))
    active = list(content["texts"]) if active is None else active
    for unknown in [a for a in active if a not in content["texts"]]:
        raise MopeError(f"{path}: preference {unknown!r} is unknown, {one_of(unknown, content['texts'])} is expected")
    dimensions = {
        name: tuple(pole for pole in poles if pole in active) for name, poles in content["dimensions"].items()
    }
    dimensions = {name: poles for name, poles in dimensions.items() if poles}
    ids = tuple(pole for poles in dimensions.values() for pole in poles)
    return Preferences(
        ids=ids,
        names={i: content["names"][i] for i in ids},
        texts={i: content["texts"][i] for i in ids},
        dimensions=dimensions,
        length_dimensions=tuple(name for name in content[LENGTH] if name in dimensions),
    )


def read_preferences(path: Path) -> dict[str, dict]:
    """The file's sections: `dimensions`, each a list of ids, by id `names` and `texts`, and `length_dimensions`.

    The last, which may be missing, lists the dimensions whose criterion is the amount said.

    `MopeError` for an id that cannot stand in the names of files, that two dimensions share or none has, or that has no
    name or text of its own.
    """
    content = read_yaml(path)
    for section in ("dimensions", "names", "texts"):
        if not isinstance(content.get(section), dict):
            raise MopeError(f"{path}: {section}: missing; a mapping is expected")
    unknown = next((key for key in content if key not in ("dimensions", "names", "texts", LENGTH)), None)
    if unknown is not None:
        raise MopeError(f"{path}: {unknown}: unknown key; dimensions, names, texts and {LENGTH} are expected")
    length = content.setdefault(LENGTH, [])
    if not isinstance(length, list):
        raise MopeError(f"{path}: {LENGTH}: {described(length)} found, a list of dimensions is expected")
    for name in length:
        if not isinstance(name, str) or name not in content["dimensions"]:
            known = ", ".join(content["dimensions"])
            raise MopeError(f"{path}: {LENGTH}: {described(name)} is not one of the dimensions {known}")
    places: dict[str, str] = {}
    for dimension, poles in content["dimensions"].items():
        if not isinstance(poles, list) or not poles:
            raise MopeError(f"{path}: dimensions.{dimension}: {described(poles)} found, a list of ids is expected")
        for pole in poles:
            _check_id(pole, f"{path}: dimensions.{dimension}")
            if pole in places:
                raise MopeError(
                    f"{path}: dimensions.{dimension}: {pole} is of {places[pole]}; one dimension is expected"
                )
            places[pole] = dimension
    _check_cases(places, path)
    for section in ("names", "texts"):
        known = content[section]
        for name in places.keys() ^ known.keys():
            found = "missing" if name in places else "of no dimension"
            raise MopeError(
                f"{path}: {section}.{name}: {found}; dimensions, names and texts of the same ids are expected"
            )
        for name, text in known.items():
            if not isinstance(text, str) or not text.strip():
                raise MopeError(f"{path}: {section}.{name}: {described(text)} found, a text is expected")
    return content


def _check_id(name: object, place: str) -> None:
    if not isinstance(name, str) or not ID.fullmatch(name) or name in RESERVED_IDS:
        expected = f"up to 40 letters (a-z, A-Z), digits and _ are expected, other than {', '.join(RESERVED_IDS)}"
        why = "an id is part of file names, and - joins those of a combination"
        raise MopeError(f"{place}: {described(name)} found; {expected}: {why}")


def _check_cases(ids: Iterable[str], path: Path) -> None:
    """Ids that differ only in case would share their files on some systems."""
    seen: dict[str, str] = {}
    for name in ids:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise MopeError(f"{path}: ids {other} and {name} differ in case only; other ids are expected")
