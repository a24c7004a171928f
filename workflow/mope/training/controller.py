"""Training of the Preference Control Model by REBEL on Bradley-Terry rewards (paper eq. 1-3)."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from tqdm import tqdm
from transformers import AutoTokenizer, set_seed

from mope.data.tables import derive_seed
from mope.decoding.controller_input import LlamaController
from mope.decoding.loop import decode
from mope.decoding.mixers import Probability
from mope.decoding.pool import ExpertPool
from mope.decoding.request import Answer, Request
from mope.decoding.requests import mixture_request
from mope.decoding.sampling import Sampling
from mope.preferences import Preferences
from mope.training.controller_model import PreferenceController, PreferenceControllerConfig
from mope.training.rebel import answer_logprobs, rebel_loss
from mope.training.reward_model import RewardModel, bradley_terry


@dataclass(frozen=True)
class ControllerSettings:
    """`controller` in config.yaml, for one seed."""

    seed: int
    hidden: int
    layers: int
    heads: int
    intermediate: int
    eta: float
    kl: float
    learning_rate: float
    steps: int
    prompts_per_step: int
    epochs: int
    max_new_tokens: int
    reward: str
    expert_prompt: str


@dataclass(frozen=True)
class Rollout:
    """Recorded answers, N prompts × 2; everything an update needs (N·2 = B, k experts, T tokens)."""

    input_ids: torch.Tensor  # (B, P + T) what the controller reads, left-padded prompt then answer
    attention_mask: torch.Tensor  # (B, P + T)
    members: torch.Tensor  # (B, k) positions of ξ's experts among the controller's outputs
    expert_logprobs: torch.Tensor  # (B, T, k) log p_i(y_t)
    present: torch.Tensor  # (B, T) bool
    old_logprob: torch.Tensor  # (N, 2) log π_old(y)
    reward: torch.Tensor  # (N, 2)

    def logits(self, controller: PreferenceController) -> torch.Tensor:
        """The controller's outputs for ξ's experts before each answer token, (B, T, k)."""
        length = self.present.shape[1]
        mask = self.attention_mask
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        every = controller(input_ids=self.input_ids, attention_mask=mask, position_ids=positions).logits
        before = every[:, -length - 1 : -1]  # (B, T, n): position t-1 weighs token t
        return before.gather(2, self.members[:, None].expand(-1, length, -1))


def new_controller(tokenizer, experts: list[str], settings: ControllerSettings) -> PreferenceController:
    """An untrained controller, whose mixture is uniform."""
    config = PreferenceControllerConfig(
        experts=experts,
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        intermediate_size=settings.intermediate,
        max_position_embeddings=2048,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    return PreferenceController(config)


def collect(
    requests: list[Request], answers: list[Answer], members: list[list[int]], reward: torch.Tensor, pad_id: int
) -> Rollout:
    """Pad the recorded answers into one batch; `reward` (B,), answers 2i and 2i+1 belong to one prompt."""
    longest = max(len(answer.tokens) for answer in answers)
    prompt = max(len(request.controller_ids) for request in requests)
    rows, k = len(answers), len(members[0])
    input_ids = torch.full((rows, prompt + longest), pad_id)
    mask = torch.zeros_like(input_ids)
    logprobs = torch.zeros(rows, longest, k)
    present = torch.zeros(rows, longest, dtype=torch.bool)
    for b, (request, answer) in enumerate(zip(requests, answers, strict=True)):
        read, wrote = len(request.controller_ids), len(answer.tokens)
        input_ids[b, prompt - read : prompt + wrote] = torch.tensor([*request.controller_ids, *answer.tokens])
        mask[b, prompt - read : prompt + wrote] = 1
        logprobs[b, :wrote] = answer.expert_logprobs
        present[b, :wrote] = True
    old = torch.stack([answer.logprob.sum() for answer in answers])
    return Rollout(input_ids, mask, torch.tensor(members), logprobs, present, old.view(-1, 2), reward.view(-1, 2))


def uniform_logprob(rollout: Rollout) -> torch.Tensor:
    """log π(y) under uniform weights, (N, 2): the reference of the KL penalty."""
    zeros = torch.zeros_like(rollout.expert_logprobs)
    return answer_logprobs(zeros, rollout.expert_logprobs, rollout.present).view(-1, 2)


class Rewards:
    """R(x, y, ξ) = mean over d in ξ of R_d(x, y) (paper eq. 2)."""

    def __init__(self, models: dict[str, RewardModel], references: dict[str, str], kind: str):
        """`references` maps a prompt to its reference answer; `kind` is `bt` (eq. 2) or `raw` (the ablation)."""
        self.models, self.kind, self.references = models, kind, references
        prompts = list(references)
        self.reference_scores = {
            name: dict(zip(prompts, model.score(prompts, [references[p] for p in prompts]), strict=True))
            for name, model in models.items()
        }

    def __call__(self, prompts: list[str], responses: list[str], members: list[list[str]]) -> torch.Tensor:
        """Rewards (B,) of answers under their combinations' preferences; each model scores only what it must."""
        total = torch.zeros(len(prompts))
        for name, model in self.models.items():
            rows = [b for b, ids in enumerate(members) if name in ids]
            if not rows:
                continue
            reward = model.score([prompts[b] for b in rows], [responses[b] for b in rows])
            if self.kind == "bt":
                reference = torch.stack([self.reference_scores[name][prompts[b]] for b in rows])
                reward = bradley_terry(reward, reference)
            total[rows] += reward
        return total / torch.tensor([len(ids) for ids in members])


def train_controller(
    tokenizer: AutoTokenizer,
    pool: ExpertPool,
    rewards: Rewards,
    prompts: list[str],
    combinations: list[str],
    preferences: Preferences,
    settings: ControllerSettings,
    out: Path,
    report: Callable[[dict], None] = lambda row: None,
) -> pd.DataFrame:
    """Online REBEL: sample two answers per (prompt, ξ), score them, fit the log-ratio to the reward gap; repeat.

    Writes the controller to the folder `out`; returns the training curve, one row per step.
    """
    set_seed(settings.seed)
    rng = random.Random(settings.seed)
    controller = new_controller(tokenizer, list(preferences.ids), settings)
    optimizer = torch.optim.AdamW(controller.parameters(), lr=settings.learning_rate, eps=1e-5, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, settings.steps)
    sampling, rows = Sampling(temperature=1.0), []
    order: list[tuple[str, str]] = []
    for step in tqdm(range(settings.steps), desc=f"REBEL, seed {settings.seed}", mininterval=5):
        if len(order) < settings.prompts_per_step:  # every prompt under every combination before any comes again
            order = [(prompt, xi) for prompt in prompts for xi in combinations]
            rng.shuffle(order)
        asked = [order.pop() for _ in range(settings.prompts_per_step)]
        asked = [pair for pair in asked for _ in range(2)]
        requests = [
            mixture_request(
                tokenizer,
                preferences,
                prompt,
                xi,
                settings.expert_prompt,
                pool.names,
                settings.max_new_tokens,
                derive_seed(settings.seed, step, b),
            )
            for b, (prompt, xi) in enumerate(asked)
        ]
        controller.eval()
        fast = LlamaController(controller.model, controller.head)
        answers = decode(
            pool,
            Probability(),
            requests,
            sampling,
            tokenizer.eos_token_id,
            tokenizer.pad_token_id,
            controller=fast,
            record=True,
        )
        texts = tokenizer.batch_decode([answer.tokens for answer in answers], skip_special_tokens=True)
        members = [preferences.members(xi) for _, xi in asked]
        reward = rewards([prompt for prompt, _ in asked], texts, members)
        indices = [preferences.indices(xi) for _, xi in asked]
        rollout = collect(requests, answers, indices, reward, tokenizer.pad_token_id)
        row = {"step": step, **update(controller, optimizer, rollout, settings)}
        row |= {"length": sum(len(answer.tokens) for answer in answers) / len(answers)}
        schedule.step()
        rows.append(row)
        report(row)
    controller.save_pretrained(out)
    return pd.DataFrame(rows)


def update(controller: PreferenceController, optimizer, rollout: Rollout, settings: ControllerSettings) -> dict:
    """`epochs` REBEL steps on one batch of recorded answers; returns what the training curve shows."""
    controller.train()
    divergence = rollout.old_logprob - uniform_logprob(rollout)
    reward = rollout.reward - settings.kl * divergence
    first = ratio = None
    for _ in range(settings.epochs):
        logits = rollout.logits(controller)
        logprob = answer_logprobs(logits, rollout.expert_logprobs, rollout.present).view(-1, 2)
        loss, ratio = rebel_loss(logprob, rollout.old_logprob, reward, settings.eta)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(controller.parameters(), 1.0)
        optimizer.step()
        first = loss.item() if first is None else first
    alpha = torch.softmax(logits.detach(), dim=-1)[rollout.present]  # (tokens, k)
    return {
        "reward": rollout.reward.mean().item(),
        "reward_std": rollout.reward.std().item(),
        "loss": first,
        "last_loss": loss.item(),
        "kl": divergence.mean().item(),
        "ratio": ratio.abs().mean().item(),
        "entropy": torch.special.entr(alpha).sum(-1).mean().item(),
    }
