"""Refuses a user's paths that would be misread: Snakemake fills in place-holders, scripts take -x for an option."""

import re
from collections.abc import Iterator
from pathlib import Path

from mope.data.rating_file import rating_files
from mope.errors import MopeError
from mope.judging.judge_kinds import stage_of

PATTERN = re.compile(r"\{\s*[.\w]+\s*(,[^}]*)?\}|<[a-z][a-z0-9_]*>")  # a wildcard, a path variable


def literal(path: str, key: str) -> str:
    """`path`; `MopeError`, which begins with `key`, where it begins like an option or has a place-holder."""
    if path.startswith("-"):
        raise MopeError(f"{key}: {path!r} found, which scripts would take for an option; ./{path} is expected")
    found = PATTERN.search(path)
    if found:
        meaning = f"{found[0]} is a place-holder in paths to Snakemake"
        raise MopeError(f"{key}: {path!r} found; {meaning}, a name without these brackets is expected")
    return path


def named_by_user(config: dict) -> Iterator[tuple[str, str]]:
    """(key, path or name) of all files, folders and preferences that a configuration names."""
    yield "base.gguf", config["base"]["gguf"] or ""
    for section in ("base", "controller"):
        yield f"{section}.path", config[section]["path"] or ""
        yield f"{section}.hub.id", (config[section]["hub"] or {"id": ""})["id"]
    for name, own in config["controllers"].items():
        yield f"controllers.{name}.path", own.get("path") or ""
        yield f"controllers.{name}.hub.id", (own.get("hub") or {"id": ""})["id"]
    sets = {"data.train": config["data"]["train"]}
    sets |= {f"evaluation_sets.{name}": entry for name, entry in config["evaluation_sets"].items()}
    for key, entry in sets.items():
        yield f"{key}.source", entry["source"] if isinstance(entry["source"], str) else entry["source"]["file"]
    for name, judge in config["judges"].items():
        entries = {"model": judge["model"]} if "model" in judge else judge.get("models", {})
        for key, entry in entries.items() if stage_of(judge["kind"]) == "judge_reward" else ():
            yield f"judges.{name}.{key}.path", entry.get("path") or ""
    yield "feedback.source", config["feedback"]["source"]
    ratings = config["human_study"]["ratings"]
    for file in rating_files(Path(ratings)) if ratings else ():
        yield "human_study.ratings", str(file)
    for number, preference in enumerate(config["preferences"]):
        yield f"preferences[{number}]", preference
