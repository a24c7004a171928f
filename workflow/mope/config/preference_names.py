"""Ids and names of preferences, and names of dimensions, that would be taken for something else in a run.

Standard library only, for the Snakefile.
"""

from collections.abc import Iterator, Mapping

from mope.judging.preflight import Problem

PREFERENCES_FILE = "workflow/prompts/preferences.yaml"
MEANINGS = {"all": "in tables it means all preferences together", "base": "the base model is called so"}
SAMPLE_COLUMNS = ("prompt_id", "prompt", "combination", "position", "token", "top_share")  # beside one per preference
ALPHA_TABLE = ("by", "value", "tokens", "entropy", "top_weight", "decides")  # beside one per dimension
GROUPED_BY = ("all", "position", "class", "combination", "prompt_id")  # while that table is made


def preference_name_problems(config: dict, known: Mapping[str, Mapping]) -> Iterator[Problem]:
    """(key, problem) of the preferences that the experiment names; `known` is what the preference file holds."""
    taken = dict.fromkeys(SAMPLE_COLUMNS, "a column of samples/alphas.parquet is called so") | MEANINGS
    taken |= dict.fromkeys(config["methods"], "a method is called so, and a server tells them apart by their names")
    for i, name in enumerate(config["preferences"]):
        if name in taken:
            yield ("preferences", i), f"{name!r} found; {taken[name]}, another id is expected in {PREFERENCES_FILE}"
    yield from _same_names(config["preferences"], known["names"])
    for dimension, poles in known["dimensions"].items():
        if dimension in (*ALPHA_TABLE, *GROUPED_BY) and set(poles) & set(config["preferences"]):
            found = f"a dimension is called {dimension!r}, and so is a column of tables/alphas.csv"
            yield ("preferences",), f"{found}; another name is expected in {PREFERENCES_FILE}"


def _same_names(ids: list[str], names: Mapping[str, str]) -> Iterator[Problem]:
    """People call preferences by their ids or names, in chat and of a server, and figures show names."""
    taken = {name.casefold(): name for name in ids}
    for i, name in enumerate(ids):
        called = " ".join(names.get(name, name).casefold().split())
        if taken.setdefault(called, name) != name:
            found = f"{name} is called {names[name]!r}, by which {taken[called]} is known"
            yield ("preferences", i), f"{found}; a name of its own is expected in {PREFERENCES_FILE}"
