"""How much a server takes at a time. Light: the options of the script are read before anything is loaded."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The most requests that wait (`queue`) and that are decoded at a time, and tokens of prompts between two steps."""

    queue: int = 256
    together: int = 64
    prefill_tokens: int = 512
