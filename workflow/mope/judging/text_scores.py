"""What a judge that scores texts is asked, and what it answers."""

from collections.abc import Callable, Sequence

AskedAnswer = tuple[str, str, str]  # prompt, response, preference
Scorer = Callable[[Sequence[AskedAnswer]], list[float]]  # points of each, in order; more is better
