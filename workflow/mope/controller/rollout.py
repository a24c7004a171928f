"""The recorded answers of one training step, as the batch that an objective needs."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import torch

from mope.controller.mixture_logprobs import answer_logprobs
from mope.controller.pcm import TrainableController
from mope.decoding.request import Answer, Request


@dataclass(frozen=True)
class Rollout:
    """Everything that an update needs of B = 2 N recorded answers, two to each of N prompts (k experts, T tokens)."""

    input_ids: torch.Tensor  # (B, P + T) int64, what the controller reads: left-padded prompt, then right-padded answer
    attention_mask: torch.Tensor  # (B, P + T) int64, 0 on padding
    members: torch.Tensor  # (B, k) positions of ξ's experts among the controller's outputs
    expert_logprobs: torch.Tensor  # (B, T, k) log p_i(y_t)
    present: torch.Tensor  # (B, T) bool
    old_logprob: torch.Tensor  # (N, 2) log π_old(y)
    reward: torch.Tensor  # (N, 2) R(y), less the KL penalty where there is one
    target: torch.Tensor  # (N, 2) rewards or advantages, as the objective's field `holds` says
    other_logprobs: torch.Tensor | None = None  # (B, T, m, k) log p_i of m other tokens, for mixtures in logit space

    def parts(self, prompts: int) -> Iterator["Rollout"]:
        """The batch in parts of `prompts` prompts each; prompts with answers of similar length share a part."""
        order = self.present.sum(1).view(-1, 2).amax(1).argsort(stable=True)
        for pairs in order.split(prompts):
            rows = (2 * pairs[:, None] + torch.arange(2, device=pairs.device)).flatten()
            cut = {"old_logprob": pairs, "reward": pairs, "target": pairs}
            part = Rollout(**{name: tensor[cut.get(name, rows)] for name, tensor in self._tensors().items()})
            yield part.trimmed()

    def trimmed(self) -> "Rollout":
        """The batch without the columns in which every answer has padding."""
        first, longest = int(self.attention_mask.argmax(1).min()), int(self.present.sum(1).max())
        both = slice(first, self.input_ids.shape[1] - self.present.shape[1] + longest)
        kept = {name: slice(longest) for name in ("expert_logprobs", "present", "other_logprobs")}
        kept |= {"input_ids": both, "attention_mask": both}
        tensors = self._tensors()
        return replace(self, **{name: tensors[name][:, cut] for name, cut in kept.items() if name in tensors})

    def to(self, device: torch.device) -> "Rollout":
        """The batch on another device."""
        return Rollout(**{name: tensor.to(device) for name, tensor in self._tensors().items()})

    def _tensors(self) -> dict[str, torch.Tensor]:
        tensors = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: tensor for name, tensor in tensors.items() if tensor is not None}

    def logits(self, controller: TrainableController) -> torch.Tensor:
        """The controller's outputs for ξ's experts before each answer token, (B, T, k)."""
        length = self.present.shape[1]
        mask = self.attention_mask
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        every = controller(input_ids=self.input_ids, attention_mask=mask, position_ids=positions).logits
        before = every[:, -length - 1 : -1]  # (B, T, n): position t-1 weighs token t
        return before.gather(2, self.members[:, None].expand(-1, length, -1))


def rollout_of(
    requests: list[Request], answers: list[Answer], members: list[list[int]], reward: torch.Tensor, pad_id: int
) -> Rollout:
    """Pad the recorded answers into one batch; `reward` is (B,), and answers 2i and 2i+1 belong to one prompt.

    `members` (B, k) are the positions of ξ's experts among those of the pool; `target` is first set to the rewards.
    """
    longest = max(len(answer.tokens) for answer in answers)
    prompt = max(len(request.controller_ids) for request in requests)
    rows, k = len(answers), len(members[0])
    input_ids = torch.full((rows, prompt + longest), pad_id)
    mask = torch.zeros_like(input_ids)
    logprobs = torch.zeros(rows, longest, k)
    first = answers[0].other_logprobs
    others = None if first is None else torch.zeros(rows, longest, *first.shape[1:])
    present = torch.zeros(rows, longest, dtype=torch.bool)
    for b, (request, answer) in enumerate(zip(requests, answers, strict=True)):
        read, wrote = len(request.controller_ids), len(answer.tokens)
        input_ids[b, prompt - read : prompt + wrote] = torch.tensor([*request.controller_ids, *answer.tokens])
        mask[b, prompt - read : prompt + wrote] = 1
        logprobs[b, :wrote] = answer.expert_logprobs
        present[b, :wrote] = True
        if others is not None:
            others[b, :wrote] = answer.other_logprobs
    if others is None:
        old = torch.stack([answer.logprob.sum() for answer in answers])
    else:  # as in the update, normalised over the recorded tokens; the decoder's own is over the whole vocabulary
        drawn_with = torch.ones(rows, longest, k)
        for b, (answer, own) in enumerate(zip(answers, members, strict=True)):
            drawn_with[b, : len(answer.tokens)] = answer.alphas[:, own]
        old = answer_logprobs(drawn_with.log(), logprobs, present, others)
    reward = reward.view(-1, 2)
    return Rollout(input_ids, mask, torch.tensor(members), logprobs, present, old.view(-1, 2), reward, reward, others)


def uniform_logprob(rollout: Rollout) -> torch.Tensor:
    """log π(y) (N, 2) of the mixture with uniform weights, the reference policy of the KL penalty."""
    zeros = torch.zeros_like(rollout.expert_logprobs)
    return answer_logprobs(zeros, rollout.expert_logprobs, rollout.present, rollout.other_logprobs).view(-1, 2)
