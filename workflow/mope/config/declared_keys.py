"""Keys that belong to one entry of a table, such as a mixing rule, and not to all that stand in its place.

Standard library only, for the Snakefile.
"""

from collections.abc import Iterator, Mapping

from mope.config.entries_schema import entry_keys, required_keys
from mope.judging.preflight import Problem


def declared_key_problems(
    given: Mapping, table: str, by: str, entry: str, place: tuple[str | int, ...]
) -> Iterator[Problem]:
    """(key, problem) where `given` lacks a key that `entry` of the table requires, or has one that only others know.

    `by` is the key of the configuration that names the entry, such as `mixer`; `place` is where `given` stands.
    """
    keys = entry_keys(table)
    for key in dict.fromkeys(key for known in keys.values() for key in known):
        if key in given and key not in keys[entry]:
            fit = " or ".join(name for name, known in keys.items() if key in known)
            yield (*place, key), f"needless; this key is expected with {by}: {fit} only"
        elif key not in given and key in required_keys(table)[entry]:
            yield (*place, key), f"missing; with {by}: {entry} this key is expected"
