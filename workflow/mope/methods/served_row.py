"""A row of the tables as a server runs it: which adapters, and what a question becomes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mope.decoding.mixers.mixer import Mixer
from mope.decoding.mixers.probability import Probability
from mope.decoding.pool import ExpertPool
from mope.decoding.request import Request
from mope.errors import MopeError
from mope.methods.generator import Generator


@dataclass(frozen=True)
class ServedRow:
    """A method that can answer a single question.

    `request(pool, controller, prompt, combination, weights)` gives the request, and factors on the controller's α or
    None. Its `weights` are those of the combination's preferences, which sum to one; None means equal ones, or the
    row's own where it has some (`own_weights`).
    `mixer(pool)` is the mixing rule, `controller` the folder of a trained controller or None.
    """

    adapters: dict[str, object]
    request: Callable[..., tuple[Request, Sequence[float] | None]]
    mixer: Callable[[ExpertPool], Mixer]
    controller: Path | None = None
    own_weights: bool = False


def single_row(
    generator: Generator, method: dict, adapters: dict, name: Callable[[str], str], in_words: bool = False
) -> ServedRow:
    """A row of one model per combination ξ, `name(ξ)` of the adapters.

    With `in_words` its prompt states weights of the preferences; else a request with weights raises `MopeError`.
    """

    def request(pool, controller, prompt, combination, weights):
        if weights is not None and not in_words:
            raise MopeError("weights that differ found; this model takes preferences of equal weights")
        texts = generator.texts_read(method if weights is None else method | {"weights": weights}, combination)
        return generator.plain_request(pool.names.index(name(combination)), prompt, texts, combination), None

    own_weights = in_words and "weights" in method
    return ServedRow(adapters, request, lambda pool: Probability(), own_weights=own_weights)
