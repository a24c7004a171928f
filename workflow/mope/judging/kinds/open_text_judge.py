"""The judge of open text as a kind of judge."""

from collections.abc import Sequence

from mope.judging.open_text import MeasuredAnswer, OpenTextFeatures, measure, open_text_score
from mope.judging.text_scores import AskedAnswer, Scorer
from mope.texts.embedding import Embedder
from mope.world.worlds import World

STAGE = "judge_text"
REQUIRED = {"dead_band": {"type": "number", "minimum": 0}}
OPTIONAL = {}
PREFERENCES = ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"]
EMBEDS_SENTENCES = True
READS = ["judging/open_text_tone.yaml"]
TABLES = ["open_text_soundness"]


class OpenTextScorer:
    """Points of each (prompt, response, preference); every answer is measured once in the life of the object."""

    def __init__(self) -> None:
        self._embed = Embedder()
        self._known: dict[MeasuredAnswer, OpenTextFeatures] = {}

    def __call__(self, answers: Sequence[AskedAnswer]) -> list[float]:
        shown = dict.fromkeys((prompt, response) for prompt, response, _ in answers)
        new = [answer for answer in shown if answer not in self._known]
        if new:
            self._known.update(zip(new, measure(new, self._embed), strict=True))
        return [open_text_score(self._known[prompt, response], preference) for prompt, response, preference in answers]


def scorer(world: World) -> Scorer:
    """Scores of open text, which need no world."""
    return OpenTextScorer()
