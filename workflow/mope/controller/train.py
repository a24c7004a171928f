"""Training of the Preference Control Model by REBEL on Bradley-Terry rewards (paper eq. 1-3)."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pandas as pd
import torch
from accelerate.utils import gather_object, reduce
from tqdm import tqdm
from transformers import AutoTokenizer, set_seed

from mope.controller.pcm import (
    ConstantController,
    ConstantControllerConfig,
    PreferenceController,
    PreferenceControllerConfig,
    expert_texts,
    grown_from,
)
from mope.controller.ppo import advantages, ppo_loss
from mope.controller.rebel import answer_logprobs, rebel_loss, token_logprobs
from mope.data.tables import derive_seed
from mope.decoding.loop import decode
from mope.decoding.mixers import Logit, Probability
from mope.decoding.mixture import PromptScheme, mixture_request, taking_part
from mope.decoding.pool import ExpertPool
from mope.decoding.request import Answer, Request
from mope.decoding.sampling import Sampling
from mope.errors import MopeError
from mope.preferences import Preferences
from mope.rewards.combined import Rewards
from mope.training.checkpoints import Checkpoints
from mope.training.devices import gather_rows, init_distributed
from mope.training.module_checkpoint import restore, store


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
    temperature: float
    max_new_tokens: int
    objective: str
    clip: float
    reward: str
    expert_prompt: str
    reads: str
    mixes: str
    scores: str
    space: str
    combinations: list[str] | None
    weights: list[list[float]] | None
    micro_batch: int | None  # prompts per backward pass

    def reading(self, weights: list[float] | None = None) -> PromptScheme:
        """What experts and controller read in training, under graded preferences if there are `weights`."""
        return PromptScheme(self.expert_prompt, self.reads, self.mixes, weights)


TrainableController = PreferenceController | ConstantController
REST = 50  # tokens besides the one drawn over which a mixture in logit space is normalised


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
    rest: torch.Tensor | None = None  # (B, T, m, k) log p_i of other tokens, of mixtures in logit space

    def parts(self, prompts: int) -> Iterator["Rollout"]:
        """The same in parts of so many prompts, those of about equally long answers together."""
        order = self.present.sum(1).view(-1, 2).amax(1).argsort(stable=True)
        for pairs in order.split(prompts):
            rows = (2 * pairs[:, None] + torch.arange(2, device=pairs.device)).flatten()
            cut = {"old_logprob": pairs, "reward": pairs}
            part = Rollout(**{name: tensor[cut.get(name, rows)] for name, tensor in self._tensors().items()})
            yield part.trimmed()

    def trimmed(self) -> "Rollout":
        """The same without the padding that all of its answers share."""
        first, longest = int(self.attention_mask.argmax(1).min()), int(self.present.sum(1).max())
        both = slice(first, self.input_ids.shape[1] - self.present.shape[1] + longest)
        kept = {name: slice(longest) for name in ("expert_logprobs", "present", "rest")}
        kept |= {"input_ids": both, "attention_mask": both}
        tensors = self._tensors()
        return replace(self, **{name: tensors[name][:, cut] for name, cut in kept.items() if name in tensors})

    def to(self, device: torch.device) -> "Rollout":
        """The same on another device."""
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


def new_controller(
    tokenizer, vocabulary: int, preferences: Preferences, settings: ControllerSettings, start: Path | None = None
) -> TrainableController:
    """An untrained controller, whose mixture is uniform; its body is the LLaMA in the folder `start`, or random.

    `vocabulary` counts the experts' outputs, which may be more than the tokenizer's tokens.
    """
    experts = list(preferences.ids)
    if settings.reads == "combination":
        combinations = len(preferences.combinations())
        return ConstantController(ConstantControllerConfig(experts, combinations, mixes=settings.mixes))
    about = {
        "reads": settings.reads,
        "mixes": settings.mixes,
        "expert_texts": expert_texts(tokenizer, preferences) if settings.scores == "texts" else None,
    }
    if settings.reads == "embedding":
        vocabulary = max(vocabulary, len(tokenizer) + len(experts))
    if start is not None:
        return grown_from(start, experts, vocabulary, **about)
    config = PreferenceControllerConfig(
        experts,
        **about,
        vocab_size=vocabulary,
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


def rollout_of(
    requests: list[Request], answers: list[Answer], members: list[list[int]], reward: torch.Tensor, pad_id: int
) -> Rollout:
    """Pad the recorded answers into one batch; `reward` (B,), answers 2i and 2i+1 belong to one prompt.

    `members` (B, k) are the places of ξ's experts among those of the pool.
    """
    longest = max(len(answer.tokens) for answer in answers)
    prompt = max(len(request.controller_ids) for request in requests)
    rows, k = len(answers), len(members[0])
    input_ids = torch.full((rows, prompt + longest), pad_id)
    mask = torch.zeros_like(input_ids)
    logprobs = torch.zeros(rows, longest, k)
    rest = None if answers[0].rest is None else torch.zeros(rows, longest, *answers[0].rest.shape[1:])
    present = torch.zeros(rows, longest, dtype=torch.bool)
    for b, (request, answer) in enumerate(zip(requests, answers, strict=True)):
        read, wrote = len(request.controller_ids), len(answer.tokens)
        input_ids[b, prompt - read : prompt + wrote] = torch.tensor([*request.controller_ids, *answer.tokens])
        mask[b, prompt - read : prompt + wrote] = 1
        logprobs[b, :wrote] = answer.expert_logprobs
        present[b, :wrote] = True
        if rest is not None:
            rest[b, :wrote] = answer.rest
    if rest is None:
        old = torch.stack([answer.logprob.sum() for answer in answers])
    else:  # both sides of the ratio normalised over the recorded tokens; the decoder did it over the vocabulary
        drawn_with = torch.ones(rows, longest, k)
        for b, (answer, own) in enumerate(zip(answers, members, strict=True)):
            drawn_with[b, : len(answer.tokens)] = answer.alphas[:, own]
        old = answer_logprobs(drawn_with.log(), logprobs, present, rest)
    pairs = old.view(-1, 2), reward.view(-1, 2)
    return Rollout(input_ids, mask, torch.tensor(members), logprobs, present, *pairs, rest)


def uniform_logprob(rollout: Rollout) -> torch.Tensor:
    """log π(y) under uniform weights, (N, 2): the reference of the KL penalty."""
    zeros = torch.zeros_like(rollout.expert_logprobs)
    return answer_logprobs(zeros, rollout.expert_logprobs, rollout.present, rollout.rest).view(-1, 2)


def train_controller(
    tokenizer: AutoTokenizer,
    pool: ExpertPool,
    rewards: Rewards,
    prompts: list[str],
    combinations: list[str],
    preferences: Preferences,
    settings: ControllerSettings,
    saved: Checkpoints,
    out: Path,
    start: Path | None = None,
    report: Callable[[dict], None] = lambda row: None,
) -> pd.DataFrame:
    """Online REBEL: sample two answers per (prompt, ξ), score them, fit the log-ratio to the reward gap; repeat.

    Writes the controller to the folder `out`; returns the training curve, one row per step. Several processes share the
    prompts of a step.
    """
    processes = init_distributed()
    if settings.prompts_per_step < processes.num_processes:
        found = f"{processes.num_processes} found, a number ≤ {settings.prompts_per_step} (controller.prompts_per_step)"
        raise MopeError(f"devices.controller: {found} is expected")
    set_seed(settings.seed)
    rng = random.Random(settings.seed)
    controller = new_controller(tokenizer, pool.vocab_size, preferences, settings, start).to(pool.device)
    optimizer = torch.optim.AdamW(controller.parameters(), lr=settings.learning_rate, eps=1e-5, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, settings.steps)
    # REBEL's regression holds whatever the answers are drawn from: below one, they are like those to be generated.
    sampling, rows = Sampling(temperature=settings.temperature), restore(saved, controller, optimizer, schedule)
    order: list[tuple[str, str, list[float] | None]] = []
    saved.listen()
    quiet = not processes.is_main_process
    for step in tqdm(range(settings.steps), desc=f"REBEL, seed {settings.seed}", mininterval=5, disable=quiet):
        if len(order) < settings.prompts_per_step:  # every prompt under every combination before any comes again
            order = [(prompt, xi, w) for prompt in prompts for xi in combinations for w in settings.weights or [None]]
            rng.shuffle(order)
        asked = [order.pop() for _ in range(settings.prompts_per_step)]
        if step < len(rows):
            continue  # before the checkpoint
        with processes.split_between_processes(list(enumerate(asked))) as own:
            seeds = [derive_seed(settings.seed, step, 2 * i + answer) for i, _ in own for answer in range(2)]
            asked = [pair for _, pair in own for _ in range(2)]
        requests = [
            mixture_request(
                tokenizer,
                preferences,
                prompt,
                xi,
                settings.reading(weights),
                pool.names,
                settings.max_new_tokens,
                seed,
            )
            for seed, (prompt, xi, weights) in zip(seeds, asked, strict=True)
        ]
        controller.eval()
        answers = decode(
            pool,
            Probability() if settings.space == "probability" else Logit(),
            requests,
            sampling,
            tokenizer.eos_token_id,
            tokenizer.pad_token_id,
            controller=controller.decoder(),
            record=True,
            rest=0 if settings.space == "probability" else REST,
        )
        texts = tokenizer.batch_decode([answer.tokens for answer in answers], skip_special_tokens=True)
        questions, chosen, weights = (list(column) for column in zip(*asked, strict=True))
        reward = rewards(questions, texts, chosen, weights)
        indices = [[pool.names.index(m) for m in taking_part(preferences, xi, settings.mixes)] for xi in chosen]
        rollout = rollout_of(requests, answers, indices, reward, tokenizer.pad_token_id).to(pool.device)
        row = {"step": step, **update(controller, optimizer, rollout, settings)}
        lengths = gather_object([len(answer.tokens) for answer in answers])
        row |= {"length": sum(lengths) / len(lengths)}
        schedule.step()
        rows.append(row)
        report(row)
        if saved.due():
            store(saved, controller, optimizer, schedule, rows)
    controller.save_pretrained(out)
    return pd.DataFrame(rows)


def update(controller: TrainableController, optimizer, rollout: Rollout, settings: ControllerSettings) -> dict:
    """`epochs` REBEL (or PPO) steps on one batch of recorded answers; returns what the training curve shows.

    Where processes share the batch, gradients and losses are sums over it, and all of them take the same steps.
    """
    controller.train()
    divergence = rollout.old_logprob - uniform_logprob(rollout)
    reward = rollout.reward - settings.kl * divergence
    batch = gather_rows(reward).to(reward.device)
    learnt = replace(rollout, reward=reward if settings.objective == "rebel" else advantages(reward, batch))
    tokens = sum(gather_object([rollout.present.sum().item()]))
    parts = list(learnt.parts(settings.micro_batch or len(reward)))
    losses, old = [], [None] * len(parts)
    for _ in range(settings.epochs):
        optimizer.zero_grad()
        total, ratios, entropies = 0.0, [], []
        for number, part in enumerate(parts):
            logits = part.logits(controller)
            if settings.objective == "rebel":
                logprob = answer_logprobs(logits, part.expert_logprobs, part.present, part.rest).view(-1, 2)
                loss, ratio = rebel_loss(logprob, part.old_logprob, part.reward, settings.eta)
                share = len(part.reward) / len(batch)
            else:
                logprob = token_logprobs(logits, part.expert_logprobs, part.rest)
                old[number] = logprob.detach() if old[number] is None else old[number]
                loss, ratio = ppo_loss(logprob, old[number], part.present, part.reward, settings.clip)
                share = part.present.sum().item() / tokens
            (share * loss).backward()
            total += share * loss.item()
            ratios.append(ratio)
            alpha = torch.softmax(logits.detach(), dim=-1)[part.present]  # (tokens, k)
            entropies.append(torch.special.entr(alpha).sum(-1))
        for parameter in controller.parameters():
            if parameter.grad is not None:
                parameter.grad = reduce(parameter.grad, "sum")
        torch.nn.utils.clip_grad_norm_(controller.parameters(), 1.0)
        optimizer.step()
        losses.append(sum(gather_object([total])))
    rewards = gather_rows(rollout.reward)
    return {
        "reward": rewards.mean().item(),
        "reward_std": rewards.std().item(),
        "loss": losses[0],
        "last_loss": losses[-1],
        "kl": gather_rows(divergence).mean().item(),
        "ratio": gather_rows(torch.cat(ratios)).abs().mean().item(),
        "entropy": gather_rows(torch.cat(entropies)).mean().item(),
    }
