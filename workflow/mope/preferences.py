"""Preferences, their dimensions and the combinations (xi) a user can state."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import yaml

from mope.errors import MopeError

# What people like in an answer when they are asked for nothing in particular: it is sound, says something, is kind.
GENERAL = "general"
OPEN_TEXT = ("P1A", "P1B", "P2A", "P2B", "P3A", "P3B")  # those that can be measured in a text of any kind


@dataclass(frozen=True)
class Preferences:
    """The active preferences of an experiment.

    `ids` are ordered by dimension, then pole; this order is the order of the controller's outputs.
    """

    ids: tuple[str, ...]
    names: dict[str, str]
    texts: dict[str, str]
    dimensions: dict[str, tuple[str, ...]]

    def combinations(self) -> list[str]:
        """All combinations, one pole of every dimension each, e.g. `P1A-P2B-P3A` (paper Table 1)."""
        return ["-".join(poles) for poles in product(*self.dimensions.values())]

    def members(self, combination: str) -> list[str]:
        """The preference ids of a combination; `MopeError` when one of them is not active."""
        ids = combination.split("-")
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
        """What one expert reads beside the instruction: its `own` text, `all` of the combination, or `none` [gap]."""
        match kind:
            case "own":
                return [self.texts[member]]
            case "all":
                return self.statements(combination)
            case "none":
                return []
        raise MopeError(f"expert prompt {kind!r}: expected own, all or none")


def load_preferences(path: str | Path, active: list[str] | tuple[str, ...]) -> Preferences:
    """Read the preference file and keep the `active` ids."""
    content = yaml.safe_load(Path(path).read_text())
    for unknown in [a for a in active if a not in content["texts"]]:
        raise MopeError(f"{path}: preference {unknown!r} is not one of {', '.join(content['texts'])}")
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
    )
