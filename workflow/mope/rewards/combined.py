"""The reward of an answer under a combination of preferences (paper eq. 2), for training, selection and evaluation."""

from collections.abc import Sequence

import pandas as pd
import torch

from mope.errors import MopeError
from mope.preferences import members_of
from mope.rewards.forms.form import Form
from mope.rewards.reward_model import RewardModel

References = dict[tuple[str, str], str]  # (prompt, ξ) -> reference answer


def references_of(answers: pd.DataFrame, combinations: Sequence[str]) -> References:
    """(prompt, ξ) -> reference answer, from a table with the columns prompt and response.

    If the table has a column combination, it holds one answer per prompt and ξ; else a prompt's answer serves every ξ.
    """
    if "combination" not in answers:
        answers = answers.merge(pd.DataFrame({"combination": combinations}), how="cross")
    return dict(zip(zip(answers.prompt, answers.combination), answers.response, strict=True))


class Rewards:
    """R(x, y, ξ) of the rewards R_d of ξ's preferences, in a form such as that of paper eq. 2."""

    def __init__(self, models: dict[str, RewardModel], references: References, form: Form):
        """`models` maps preferences to reward models.

        Each model scores once the reference answers of every ξ that holds its preference; a form that does not compare
        needs no references.
        """
        self.models, self.form, self.references = models, form, references
        self.reference_scores = {name: self._scored(name) for name in models} if form.compares else {}

    def _scored(self, name: str) -> dict[tuple[str, str], torch.Tensor]:
        own = {key: answer for key, answer in self.references.items() if name in members_of(key[1])}
        unique = list(dict.fromkeys((prompt, answer) for (prompt, _), answer in own.items()))
        if not unique:
            return {}
        scores = self.models[name].score([prompt for prompt, _ in unique], [answer for _, answer in unique])
        found = dict(zip(unique, scores, strict=True))
        return {key: found[key[0], answer] for key, answer in own.items()}

    def of_preference(self, name: str, reward: torch.Tensor, keys: list[tuple[str, str]]) -> torch.Tensor:
        """R_d (B,) from the rewards r_d (B,) of reward model `name`; `keys` are the (prompt, ξ)."""
        if not self.form.compares:
            return self.form.of_preference(reward, None, None)
        scores = self.reference_scores[name]
        reference = torch.stack([scores[key] for key in keys])
        return self.form.of_preference(reward, reference, torch.stack(list(scores.values())))

    def __call__(
        self,
        prompts: list[str],
        responses: list[str],
        combinations: list[str],
        weights: Sequence[Sequence[float] | None] | None = None,
    ) -> torch.Tensor:
        """Rewards R(x, y, ξ) (B,) float32 of B answers under their combinations.

        `weights` holds, for each answer, one weight per preference of its ξ (None: equal weights). A model scores only
        answers whose ξ holds its preference. `MopeError` where a preference has no model.
        """
        members = [members_of(combination) for combination in combinations]
        unknown = sorted({name for ids in members for name in ids} - self.models.keys())
        if unknown:
            raise MopeError(f"no reward model of {', '.join(unknown)}; one of each preference of ξ is expected")
        given = weights or [None] * len(members)
        shares = [dict(zip(ids, w or [1.0] * len(ids), strict=True)) for ids, w in zip(members, given, strict=True)]
        rewards, counted = (torch.zeros(len(prompts), len(self.models)) for _ in range(2))
        for d, (name, model) in enumerate(self.models.items()):
            rows = [b for b, ids in enumerate(members) if name in ids]
            if not rows:
                continue
            reward = model.score([prompts[b] for b in rows], [responses[b] for b in rows])
            rewards[rows, d] = self.of_preference(name, reward, [(prompts[b], combinations[b]) for b in rows])
            counted[rows, d] = torch.tensor([float(shares[b][name]) for b in rows])
        return self.form.together(rewards, counted)
