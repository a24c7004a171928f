"""How much a server takes at a time. Imports nothing slow, because the script's options need it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """At most: requests in the `queue`, decoded `together`, and tokens of prompts that are read between two steps."""

    queue: int = 256
    together: int = 64
    prefill_tokens: int = 512
