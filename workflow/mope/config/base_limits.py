"""Whether the settings ask the base for layers that it has, and for no greater width: known before the first job."""

from collections.abc import Iterator
from pathlib import Path

from mope.config.base_shape import base_shape
from mope.config.controllers import controller_section, names_in_use
from mope.judging.preflight import Problem


def layer_problems(config: dict, directory: Path) -> Iterator[Problem]:
    """Problems of adapters and controllers, where the sizes of the base are known; `directory`: see `base_shape`."""
    _, layers, hidden = base_shape(config, directory)
    adapters = {(section,): config[section] for section in ("reward", "expert")}
    adapters |= {("policies", name, "settings"): own.get("settings", {}) for name, own in config["policies"].items()}
    for key, section in adapters.items():
        yield from _more((*key, "layers"), section.get("layers"), layers, "the base has {} layers")
    for name in set(names_in_use(config)) & config["controllers"].keys():  # another check names the unknown ones
        key, section = ("controllers", name), controller_section(config, name)
        if section["path"] or section["hub"] or section["reads"] == "combination":
            continue
        if section["start"] == "base":
            yield from _more(
                (*key, "layers"), section["layers"], layers, "it starts from the base, which has {} layers"
            )
        if section["start"] == "embeddings":
            wide = "it starts from the base's embeddings, which have {} columns"
            yield from _more((*key, "hidden"), section["hidden"], hidden, wide)


def _more(key: tuple[str, ...], wanted: int | None, most: int | None, why: str) -> Iterator[Problem]:
    if wanted is not None and most is not None and wanted > most:
        yield key, f"{wanted} found, but {why.format(most)}; at most that is expected"
