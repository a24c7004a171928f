"""Reward models as a judge: those of another run, held out from training, or any sequence classifiers.

With one `model` for all preferences, the text of the preference that is judged follows the prompt; with `models`, one
for each preference, each reads the plain prompt, as the reward models of a run do.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mope.errors import MopeError
from mope.judging.verdicts import Comparison, Opinion, decide
from mope.provenance.artifact import read_meta

STAGE = "judge_reward"
REQUIRED = {"dead_band": {"type": "number", "minimum": 0}}
OPTIONAL = {  # one of the three is required
    "run": {"$ref": "#/$defs/name"},
    "model": {"$ref": "#/$defs/classifier"},
    "models": {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/classifier"}},
}


class RewardJudge:
    """Reward models as a judge, by their scores: `scores[preference][prompt, response]`.

    The models must be held out from training: those that trained the experts are never a judge (`check_held_out`).
    `scores` are in the models' own units.
    """

    def __init__(self, scores: Mapping[str, Mapping[tuple[str, str], float]], dead_band: float, name: str):
        self.name, self.scores, self.dead_band = name, scores, dead_band

    def judge(self, comparisons: Sequence[Comparison]) -> list[Opinion]:
        opinions = []
        for c in comparisons:
            scores = self.scores[c.preference]
            first, second = scores[c.prompt, c.first], scores[c.prompt, c.second]
            opinions.append(Opinion(decide(first - second, self.dead_band), f"{first:.4f} {second:.4f}"))
        return opinions


def check_held_out(models: Iterable[Path], feedback: Iterable[Path]) -> None:
    """`MopeError` if the record of a reward model names, by digest, any of the run's own feedback files."""
    own = {read_meta(path)["output"]["sha256"]: path for path in feedback}
    for model in models:
        shared = [own[digest] for digest in read_meta(model)["inputs"].values() if digest in own]
        if shared:
            raise MopeError(f"{model}: trained on the feedback of {shared[0]}; a run with another seed is expected")
