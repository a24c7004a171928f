"""The embedded world's knowledge: topics and their facts in two registers."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent / "topics"
REGISTERS = ("elementary", "expert")


@dataclass(frozen=True)
class Topic:
    """A subject of everyday science; `facts[i][register]` is one sentence."""

    id: str
    phrase: str
    verb: str
    keywords: tuple[str, ...]
    facts: tuple[dict[str, str], ...]


@cache
def topics() -> tuple[Topic, ...]:
    """All topics, in the order of the files `topics/*.yaml`."""
    return tuple(
        Topic(t["id"], t["phrase"], t["verb"], tuple(t["keywords"]), tuple(t["facts"]))
        for path in sorted(FOLDER.glob("*.yaml"))
        for t in yaml.safe_load(path.read_text())
    )
