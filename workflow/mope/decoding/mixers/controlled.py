"""Eq. 1 with the weights of a controller, token by token. Shapes: `mope.decoding.mixers.mixer`."""

from mope.decoding.mixers.mixer import Mixer
from mope.decoding.mixers.probability import Probability

REQUIRED = {"controller": {"type": "string"}}  # a name of `controllers`
READS_BASE = False
SPACE = "probability"


def mixer(method: dict, base: int | None) -> Mixer:
    """The rule of a method of `mixer: controller`, whose weights its controller gives."""
    return Probability()
