"""Options of the scripts, as lists of words: a rule's command quotes each word by `:q`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

BY_PREFERENCE, BY_SEED = ("experts", "rewards"), ("controllers", "policies")


def named(option: str, values: Iterable[tuple[str, str]]) -> list[str]:
    """The option once for each (name, value): `--out single=... --out comparison=...`."""
    return [word for name, value in values for word in (option, f"{name}={value}")]


def model_options(wildcards: Mapping, input: Mapping) -> list[str]:
    """The options that name the models among the inputs, such as `--experts P1A=...` and `--controllers 0=...`."""
    words = []
    for key in (*BY_PREFERENCE, *BY_SEED):
        prefix = "seed" if key in BY_SEED else ""
        words += named(f"--{key}", [(Path(path).name.removeprefix(prefix), path) for path in input.get(key, [])])
    return words
