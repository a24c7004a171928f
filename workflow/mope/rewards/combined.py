"""The reward of an answer under a combination of preferences (paper eq. 2), for training, selection and evaluation."""

from collections.abc import Sequence

import pandas as pd
import torch

from mope.errors import MopeError
from mope.rewards.reward_model import RewardModel

References = dict[tuple[str, str], str]  # (prompt, ξ) -> reference answer
REWARD_FORMS = ("bt", "raw", "standardised")


def bradley_terry(reward: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """R_d = σ(r_d(x, y) − r_d(x, y_ref)), the probability that y beats the reference answer (paper eq. 2).

    Rewards and result have one shape; the result is in [0, 1].
    """
    return torch.sigmoid(reward - reference)


def references_of(answers: pd.DataFrame, combinations: Sequence[str]) -> References:
    """(prompt, ξ) -> reference answer, from a table with the columns prompt and response.

    If the table has a column combination, it holds one answer per prompt and ξ; else a prompt's answer serves every ξ.
    """
    if "combination" not in answers:
        answers = answers.merge(pd.DataFrame({"combination": combinations}), how="cross")
    return dict(zip(zip(answers.prompt, answers.combination), answers.response, strict=True))


class Rewards:
    """R(x, y, ξ) = mean over d in ξ of R_d(x, y) (paper eq. 2); a weighted mean for graded preferences."""

    def __init__(self, models: dict[str, RewardModel], references: References, kind: str):
        """`models` maps preferences to reward models; `kind` is one of `REWARD_FORMS`, else `MopeError`.

        bt: R_d of eq. 2. raw: r_d itself. standardised: r_d minus the mean, over the standard deviation, of the
        reference answers' rewards. Each model scores once the reference answers of every ξ that holds its preference;
        `raw` needs no references.
        """
        if kind not in REWARD_FORMS:
            raise MopeError(f"reward {kind!r}: expected one of {', '.join(REWARD_FORMS)}")
        self.models, self.kind, self.references = models, kind, references
        self.reference_scores = {} if kind == "raw" else {name: self._scored(name) for name in models}

    def _scored(self, name: str) -> dict[tuple[str, str], torch.Tensor]:
        own = {key: answer for key, answer in self.references.items() if name in key[1].split("-")}
        unique = list(dict.fromkeys((prompt, answer) for (prompt, _), answer in own.items()))
        if not unique:
            return {}
        scores = self.models[name].score([prompt for prompt, _ in unique], [answer for _, answer in unique])
        found = dict(zip(unique, scores, strict=True))
        return {key: found[key[0], answer] for key, answer in own.items()}

    def normalised(self, name: str, reward: torch.Tensor, keys: list[tuple[str, str]]) -> torch.Tensor:
        """R_d (B,) in the form `kind` from the rewards r_d (B,) of reward model `name`; `keys` are the (prompt, ξ)."""
        if self.kind == "raw":
            return reward
        if self.kind == "bt":
            return bradley_terry(reward, torch.stack([self.reference_scores[name][key] for key in keys]))
        every = torch.stack(list(self.reference_scores[name].values()))
        return (reward - every.mean()) / every.std()

    def __call__(
        self,
        prompts: list[str],
        responses: list[str],
        combinations: list[str],
        weights: Sequence[Sequence[float] | None] | None = None,
    ) -> torch.Tensor:
        """Rewards R(x, y, ξ) (B,) float32 of B answers under their combinations.

        `weights` holds, for each answer, one weight per preference of its ξ (None: equal weights). A model scores only
        answers whose ξ holds its preference.
        """
        members = [combination.split("-") for combination in combinations]
        given = weights or [None] * len(members)
        shares = [dict(zip(ids, w or [1.0] * len(ids), strict=True)) for ids, w in zip(members, given, strict=True)]
        total = torch.zeros(len(prompts))
        for name, model in self.models.items():
            rows = [b for b, ids in enumerate(members) if name in ids]
            if not rows:
                continue
            reward = model.score([prompts[b] for b in rows], [responses[b] for b in rows])
            reward = self.normalised(name, reward, [(prompts[b], combinations[b]) for b in rows])
            total[rows] += reward * torch.tensor([shares[b][name] for b in rows])
        return total / torch.tensor([sum(share.values()) for share in shares])
