"""The embedded rubric as a kind of judge."""

from mope.judging.rubric import score
from mope.judging.text_scores import Scorer
from mope.world.worlds import World

STAGE = "judge_text"
REQUIRED = {"dead_band": {"type": "number", "minimum": 0}}
OPTIONAL = {}
PREFERENCES = ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B", "P3C", "P3D"]


def scorer(world: World) -> Scorer:
    """The rubric's points of each (prompt, response, preference)."""
    return lambda answers: [score(world, *answer) for answer in answers]
