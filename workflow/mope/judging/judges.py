"""The judges that need no model: the rubric, and reward models through their recorded scores."""

from collections.abc import Mapping, Sequence

import pandas as pd

from mope.errors import MopeError
from mope.judging.rubric import DEAD_BAND, score
from mope.judging.verdicts import Comparison, Opinion


def decide(gap: float, dead_band: float) -> str:
    """Whether the first answer, scoring `gap` above the second, is better, worse, or as good."""
    if abs(gap) < dead_band:
        return "tie"
    return "first" if gap > 0 else "second"


class RubricJudge:
    """The embedded rubric as a judge."""

    def __init__(self, dead_band: float = DEAD_BAND, name: str = "rubric"):
        self.name, self.dead_band = name, dead_band

    def judge(self, comparisons: Sequence[Comparison]) -> list[Opinion]:
        opinions = []
        for c in comparisons:
            first, second = (round(score(c.prompt, text, c.preference), 4) for text in (c.first, c.second))
            opinions.append(Opinion(decide(first - second, self.dead_band), f"{first:.4f} {second:.4f}"))
        return opinions


class RewardJudge:
    """Reward models as a judge, through scores recorded by the scoring stage.

    `scores[prompt, preference, response]` is the reward of an answer. The models must be held out from training: those
    that trained the experts are never the primary judge (statistics).
    """

    def __init__(self, scores: Mapping[tuple[str, str, str], float], dead_band: float = 0.0, name: str = "reward"):
        self.name, self.scores, self.dead_band = name, scores, dead_band

    def _score(self, comparison: Comparison, response: str) -> float:
        try:
            return self.scores[comparison.prompt, comparison.preference, response]
        except KeyError:
            raise MopeError(
                f"reward judge: no {comparison.preference} score of an answer to {comparison.prompt!r}; "
                "score all responses with the held-out reward models first"
            ) from None

    def judge(self, comparisons: Sequence[Comparison]) -> list[Opinion]:
        opinions = []
        for c in comparisons:
            first, second = self._score(c, c.first), self._score(c, c.second)
            opinions.append(Opinion(decide(first - second, self.dead_band), f"{first:.4f} {second:.4f}"))
        return opinions


def recorded(responses: dict[str, pd.DataFrame], scores: dict[str, pd.DataFrame]) -> dict[tuple[str, str, str], float]:
    """`RewardJudge.scores` from the response and score tables of the methods."""
    found = {}
    keys = ["prompt_id", "combination", "seed"]
    for method, answers in responses.items():
        both = answers[[*keys, "prompt", "response"]].merge(
            scores[method][[*keys, "preference", "reward"]], on=keys, validate="one_to_many"
        )
        columns = (both["prompt"], both["preference"], both["response"])
        found |= dict(zip(zip(*columns, strict=True), both["reward"], strict=True))
    return found
