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

    `request(pool, controller, prompt, combination, weights)` gives the request, and the factors on a controller's α
    where there are some; `weights`, which sum to one, are of the combination's preferences, None where all are equal.
    `mixer(pool)` is the mixing rule, `controller` the folder of a trained controller or None.
    """

    adapters: dict[str, object]
    request: Callable[..., tuple[Request, Sequence[float] | None]]
    mixer: Callable[[ExpertPool], Mixer]
    controller: Path | None = None


def single_row(generator: Generator, method: dict, adapters: dict, name: Callable[[str], str]) -> ServedRow:
    """A row of one model per combination ξ, `name(ξ)` of the adapters; it takes no weights.

    Its requests raise `MopeError` for weights.
    """

    def request(pool, controller, prompt, combination, weights):
        if weights is not None:
            raise MopeError("weights that differ found; this model takes preferences of equal weights")
        texts = generator.texts_read(method, combination)
        return generator.plain_request(pool.names.index(name(combination)), prompt, texts, combination), None

    return ServedRow(adapters, request, lambda pool: Probability())
