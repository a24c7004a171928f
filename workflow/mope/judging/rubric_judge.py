"""The embedded rubric as a judge."""

from collections.abc import Sequence

from mope.judging.rubric import DEAD_BAND, score
from mope.judging.verdicts import Comparison, Opinion, decide
from mope.world.worlds import World


class RubricJudge:
    """Compares the rubric's scores; both orders give one verdict."""

    def __init__(self, world: World, dead_band: float = DEAD_BAND, name: str = "rubric"):
        self.world, self.name, self.dead_band = world, name, dead_band

    def judge(self, comparisons: Sequence[Comparison]) -> list[Opinion]:
        opinions = []
        for c in comparisons:
            first, second = (round(score(self.world, c.prompt, text, c.preference), 4) for text in (c.first, c.second))
            opinions.append(Opinion(decide(first - second, self.dead_band), f"{first:.4f} {second:.4f}"))
        return opinions
