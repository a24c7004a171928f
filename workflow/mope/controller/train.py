"""Trains the Preference Control Model by REBEL on Bradley-Terry rewards (paper eq. 1-3)."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch
from accelerate.utils import gather_object, reduce
from tqdm import tqdm
from transformers import AutoTokenizer, set_seed

from mope.controller.controller_settings import ControllerSettings
from mope.controller.objective_table import OBJECTIVES
from mope.controller.pcm import TrainableController
from mope.controller.rollout import Rollout, rollout_of, uniform_logprob
from mope.controller.untrained import new_controller
from mope.data.tables import derive_seed
from mope.decoding.loop import decode
from mope.decoding.mixers.logit import Logit
from mope.decoding.mixers.probability import Probability
from mope.decoding.mixture import mixture_request, taking_part
from mope.decoding.pool import ExpertPool
from mope.decoding.turn_ends import TurnEnds
from mope.errors import MopeError
from mope.preferences import Preferences
from mope.rewards.combined import Rewards
from mope.runtime.precision import dtype_of
from mope.training.checkpoints import Checkpoints
from mope.training.devices import gather_rows, init_distributed
from mope.training.module_checkpoint import restore, store

OTHER_TOKENS = 50  # tokens besides the one drawn, over which a mixture in logit space is normalised


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
    *,
    ends: TurnEnds,
) -> pd.DataFrame:
    """Online REBEL: sample two answers per (prompt, ξ), score them, fit log-ratios to reward differences; repeat.

    `combinations` are the ξ trained on, `ends` how an answer ends, and `start` the folder of a LLaMA to
    begin from. Writes the controller to the folder `out`; returns the training curve, one row per step, each of which
    `report` also receives. Several processes share the prompts of a step. `MopeError` where there are more processes
    than prompts in a step; `Stopped` after a signal, when a checkpoint is saved.
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
    sampling, rows = settings.sampling(), restore(saved, controller, optimizer, schedule)
    order: list[tuple[str, str, list[float] | None]] = []
    saved.listen()
    quiet = not processes.is_main_process
    for step in tqdm(range(settings.steps), desc=f"REBEL, seed {settings.seed}", mininterval=5, disable=quiet):
        if len(order) < settings.prompts_per_step:  # all prompts under all combinations, in a new random order
            order = [(prompt, xi, w) for prompt in prompts for xi in combinations for w in settings.weights or [None]]
            rng.shuffle(order)
        asked = [order.pop() for _ in range(settings.prompts_per_step)]
        if step < len(rows):
            continue  # this step was finished before the checkpoint; only the random state advances
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
            ends,
            controller=controller.decoder(),
            record=True,
            others=0 if settings.space == "probability" else OTHER_TOKENS,
        )
        texts = tokenizer.batch_decode([answer.tokens for answer in answers], skip_special_tokens=True)
        questions, chosen, weights = (list(column) for column in zip(*asked, strict=True))
        reward = rewards(questions, texts, chosen, weights)
        indices = [[pool.names.index(m) for m in taking_part(preferences, xi, settings.mixes)] for xi in chosen]
        rollout = rollout_of(requests, answers, indices, reward, ends.pad_id).to(pool.device)
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
    """`settings.epochs` optimisation steps on one batch of recorded answers; returns its row of the training curve.

    Where processes share the batch, gradients and losses are summed over all of them, and all take the same steps.
    """
    controller.train()
    divergence = rollout.old_logprob - uniform_logprob(rollout)
    reward = rollout.reward - settings.kl * divergence
    batch = gather_rows(reward).to(reward.device)
    objective = OBJECTIVES[settings.objective](settings)
    scored = replace(rollout, reward=reward, target=objective.target(reward, batch))
    terms = sum(gather_object([objective.terms(scored)]))
    parts = list(scored.parts(settings.micro_batch or len(reward)))
    losses = []
    half = dtype_of(settings.precision, rollout.reward.device.type)
    for _ in range(settings.epochs):
        optimizer.zero_grad()
        total, ratios, entropies = 0.0, [], []
        for number, part in enumerate(parts):
            with torch.autocast(part.input_ids.device.type, half, enabled=half == torch.bfloat16):
                logits = part.logits(controller)
            logits = logits.float()
            loss, ratio = objective.loss(number, part, logits)
            share = objective.terms(part) / terms
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
    rewards = gather_rows(rollout.reward)  # of answers that the controller had not learnt from when they were drawn
    return {
        "reward": rewards.mean().item(),
        "reward_std": rewards.std().item(),
        "loss": losses[0],
        "last_loss": losses[-1],
        "kl": gather_rows(divergence).mean().item(),
        "agreement": reward_agreement(gather_rows(divergence), rewards),
        "ratio": gather_rows(torch.cat(ratios)).abs().mean().item(),
        "entropy": gather_rows(torch.cat(entropies)).mean().item(),
    }


def reward_agreement(divergence: torch.Tensor, reward: torch.Tensor) -> float:
    """Whether a controller prefers what the reward models prefer: a correlation over N pairs of answers, in [-1, 1].

    Both are (N, 2): the answers' log-ratio to the uniform mixture, and their rewards. It correlates the differences
    between the two answers of a pair; 0 where either has none. On answers that the controller was not trained on, it
    shows what carries over.
    """
    gaps = torch.stack([divergence[:, 0] - divergence[:, 1], reward[:, 0] - reward[:, 1]]).double()
    gaps = gaps - gaps.mean(dim=1, keepdim=True)
    lengths = gaps.norm(dim=1)
    return (gaps[0] @ gaps[1] / lengths.prod()).item() if lengths.min() > 1e-6 else 0.0
