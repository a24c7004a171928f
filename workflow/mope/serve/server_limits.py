"""How much a server takes at a time. Light: the options of the script are read before anything is loaded."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The most requests that wait (`queue`) and are decoded at a time; tokens of a prompt read between two steps."""

    queue: int = 256
    together: int = 64
    prefill_width: int = 128
