"""What an embedded world knows: topics and their facts in two registers."""

from dataclasses import dataclass

REGISTERS = ("elementary", "expert")


@dataclass(frozen=True)
class Topic:
    """A subject of everyday science; `facts[i][register]` is one sentence."""

    id: str
    phrase: str
    verb: str
    keywords: tuple[str, ...]
    facts: tuple[dict[str, str], ...]
