"""Judges that score each text by a function of prompt, answer and preference."""

from collections.abc import Sequence

from mope.judging.judge_table import JUDGE_KINDS
from mope.judging.text_scores import AskedAnswer, Scorer
from mope.judging.verdicts import Comparison, Opinion, decide
from mope.prompting import wording
from mope.world.worlds import World

DIGITS = 4  # of a score; what differs by less is the same


def scorer_of(world: World, kind: str) -> Scorer:
    """The scores of a kind of judge, rounded to `DIGITS`; of a conversation it reads the words of all turns."""
    exact = JUDGE_KINDS[kind].scorer(world)

    def rounded(answers: Sequence[AskedAnswer]) -> list[float]:
        return [round(value, DIGITS) for value in exact([(wording(prompt), *rest) for prompt, *rest in answers])]

    return rounded


class TextJudge:
    """Compares scores; both orders give one verdict, and answers that differ by less than `dead_band` tie."""

    def __init__(self, world: World, kind: str, dead_band: float, name: str | None = None):
        self.name, self.dead_band, self._scores = name or kind, dead_band, scorer_of(world, kind)

    def judge(self, comparisons: Sequence[Comparison]) -> list[Opinion]:
        asked = [(c.prompt, text, c.preference) for c in comparisons for text in (c.first, c.second)]
        scores = self._scores(asked)
        pairs = zip(scores[::2], scores[1::2], strict=True)
        return [Opinion(decide(a - b, self.dead_band), f"{a:.4f} {b:.4f}") for a, b in pairs]
