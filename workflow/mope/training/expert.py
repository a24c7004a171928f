"""Trains policies (LoRA adapters) by TRL's RLOO; an expert is a policy trained on one preference's reward model."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed
from trl import RLOOConfig, RLOOTrainer
from trl.models.utils import unwrap_model_for_generation

from mope.data.tables import derive_seed
from mope.decoding.loop import decode
from mope.decoding.mixers.probability import Probability
from mope.decoding.request import Request
from mope.decoding.sampling import Sampling
from mope.decoding.turn_ends import TurnEnds, turn_ends
from mope.errors import MopeError
from mope.pools.separate import SeparatePool
from mope.prompting import messages, rendered_chat, reply
from mope.runtime.precision import device, dtype_of
from mope.training.checkpoints import Checkpoints
from mope.training.devices import batch_options, loading_options, trainer_options
from mope.training.expert_settings import ExpertSettings, expert_adapter
from mope.training.frozen import pack_frozen
from mope.training.policy_pool import PolicyPool, policy_pool
from mope.training.trainers import fit

Reward = Callable[[list[str], list[str], list[str]], torch.Tensor]  # (prompts, answers, ξ of each) -> (B,)


def task(prompt: str, texts: Sequence[str], combination: str, prefix: str = "") -> dict:
    """One training example: the prompt with the preference `texts` that the policy reads, and the ξ of its reward.

    The policy continues the answer that begins with `prefix`; the reward is that of the whole answer.
    """
    start = [reply(prefix)] if prefix else []
    return {"prompt": messages(prompt, texts) + start, "question": prompt, "combination": combination}


def beginnings(prompts: Sequence[str], candidates: pd.DataFrame, share: float, seed: int) -> list[str]:
    """For a random `share` of the prompts the first words of one of the base's answers to it; "" for the others.

    Deviation, because in a mixture an expert continues what other experts wrote: the papers' experts were trained on
    their own answers only. Trained so, an expert for brevity did not learn how to end an answer that begins with a
    greeting.
    """
    rng, found = random.Random(seed), []
    answers = candidates[candidates.kind == "sample"].groupby("prompt").response.agg(list)
    for prompt in prompts:
        words = rng.choice(answers[prompt]).split(" ") if rng.random() < share else []
        found.append(" ".join(words[: rng.randrange(1, len(words))]) if len(words) > 1 else "")
    return found


class SeededTrainer(RLOOTrainer):
    """RLOOTrainer that samples each answer with its own seed, independently of how many processes share the batch.

    If the last message of a prompt is the beginning of an answer, the answer continues it. `pool`, if there is one, is
    a copy of the policy that generates faster on a CPU.
    """

    pool: PolicyPool | None = None
    ends: TurnEnds

    def _tokenize_prompts(self, prompts: list[list[dict]]) -> tuple[list[list[int]], None, dict]:
        """Token ids of the chat-formatted prompts, each with the beginning of its answer, if any."""
        return [self._template(prompt) + self.prefix_ids(prompt) for prompt in prompts], None, {}

    def _template(self, prompt: list[dict]) -> list[int]:
        asked = prompt[:-1] if prompt[-1]["role"] == "assistant" else prompt
        chat = rendered_chat(self.processing_class, asked, begin=True)
        return self.processing_class(chat, add_special_tokens=False)["input_ids"]

    def prefix_ids(self, prompt: list[dict]) -> list[int]:
        """Token ids of the answer's beginning in a prompt; [] if there is none."""
        text = prompt[-1]["content"] if prompt[-1]["role"] == "assistant" else ""
        return self.processing_class(text, add_special_tokens=False)["input_ids"]

    def _generate_single_turn(self, prompt_ids: list[list[int]], images, multimodal_fields) -> list[list[int]]:
        """Token ids of one answer to each prompt of this process; replaces TRL's sampling with one random state."""
        step, first = self.state.global_step, self.accelerator.process_index * len(prompt_ids)
        requests = [
            Request(
                [0],
                [ids],
                max_new_tokens=self.args.max_completion_length,
                seed=derive_seed(self.args.seed, step, first + i),
            )
            for i, ids in enumerate(prompt_ids)
        ]
        sampling = Sampling(temperature=self.args.temperature, top_k=self.args.top_k)
        with (
            unwrap_model_for_generation(self.model_wrapped, self.accelerator) as policy,
            self.autocast_smart_context_manager(),
        ):
            pool = self.pool or SeparatePool({"policy": policy}, None, self.accelerator.device)
            if self.pool:
                self.pool.take(policy)
            answers = decode(pool, Probability(), requests, sampling, self.ends, batch_size=len(requests))
            policy.train()
        return [answer.tokens for answer in answers]

    def _get_per_token_logps_and_entropies(
        self, model, input_ids, attention_mask, logits_to_keep, batch_size=None, compute_entropy=False, **others
    ) -> tuple[torch.Tensor, torch.Tensor | None, None]:
        """log π(y_t) (B, T) of the T = `logits_to_keep` last tokens of `input_ids`, 0 on padding, and their entropies.

        TRL computes logits chunk by chunk and again in the backward pass, to save memory that a small model does not
        need; on a CPU that takes several times as long. On a GPU TRL's method is used.
        """
        if self.accelerator.device.type != "cpu":
            return super()._get_per_token_logps_and_entropies(
                model, input_ids, attention_mask, logits_to_keep, batch_size, compute_entropy, **others
            )
        if batch_size and batch_size < len(input_ids):
            parts = [
                self._get_per_token_logps_and_entropies(model, ids, mask, logits_to_keep, None, compute_entropy)
                for ids, mask in zip(input_ids.split(batch_size), attention_mask.split(batch_size), strict=True)
            ]
            logps, entropies = zip(*(part[:2] for part in parts), strict=True)
            return torch.cat(logps), torch.cat(entropies) if compute_entropy else None, None
        present = attention_mask[:, -logits_to_keep:].bool()
        head = self.accelerator.unwrap_model(model).get_output_embeddings()
        hook = head.register_forward_pre_hook(lambda _, inputs: inputs[0][:, :-1][present])  # answers' tokens only
        try:
            out = model(input_ids=input_ids, attention_mask=attention_mask, logits_to_keep=logits_to_keep + 1)
        finally:
            hook.remove()
        logits = out.logits.float() / self.temperature  # (N, V)
        nll = torch.nn.functional.cross_entropy(logits, input_ids[:, -logits_to_keep:][present], reduction="none")
        logps = torch.zeros(present.shape).masked_scatter(present, -nll)
        if not compute_entropy:
            return logps, None, None
        with torch.no_grad():
            entropy = logits.logsumexp(-1) - (logits.softmax(-1) * logits).sum(-1)
        return logps, torch.zeros(present.shape).masked_scatter(present, entropy), None


def train_expert(
    base: Path,
    reward: Reward,
    tasks: list[dict],
    settings: ExpertSettings,
    saved: Checkpoints,
    out: Path,
) -> pd.DataFrame:
    """Train on `tasks` (made by `task`); write the adapter to `out` and return the training curve (`curve`).

    `reward` sees the plain prompt, without preference texts. The KL divergence to the base (the adapter switched off)
    has the weight `settings.kl`. Deviation, because TRL no longer has PPO, which Personalized Soups used: RLOO
    optimises the same objective without a value model. `MopeError` where there are fewer tasks than prompts per step;
    `Stopped` after a signal, when a checkpoint is saved.
    """
    set_seed(settings.seed)
    tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False)

    def score(prompts, completions, completion_ids, question, combination, **_) -> list[float]:
        whole = [trainer.prefix_ids(prompt) + ids for prompt, ids in zip(prompts, completion_ids, strict=True)]
        return reward(question, tokenizer.batch_decode(whole, skip_special_tokens=True), combination).tolist()

    dtype = dtype_of(settings.precision, device())
    batch = settings.prompts_per_step * settings.generations
    config = RLOOConfig(
        output_dir=str(saved.work),
        seed=settings.seed,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        max_steps=settings.steps * settings.iterations,
        num_generations=settings.generations,
        num_iterations=settings.iterations,
        max_completion_length=settings.max_new_tokens,
        beta=settings.kl,
        normalize_advantages=True,
        temperature=settings.temperature,
        top_k=0,
        logging_steps=1,
        save_strategy="no",
        shuffle_dataset=False,  # `passes` has shuffled it
        **batch_options("expert", batch, settings.micro_batch),
        **trainer_options(dtype),
    )
    model = AutoModelForCausalLM.from_pretrained(base, **loading_options(dtype), trust_remote_code=False)
    spare = not torch.cuda.is_available()  # memory for a second copy
    pool = policy_pool(model) if spare else None
    trainer = SeededTrainer(
        model,
        reward_funcs=score,
        args=config,
        train_dataset=Dataset.from_list(passes(tasks, settings.steps, settings.prompts_per_step, settings.seed)),
        processing_class=tokenizer,
        peft_config=expert_adapter(model, settings),
    )
    trainer.pool, trainer.ends = pool, turn_ends(base, tokenizer)
    if spare:
        pack_frozen(trainer.model)
    fit(trainer, saved, every=settings.iterations)  # only between batches of answers, because these are not saved
    trainer.model.save_pretrained(out)
    return curve(trainer.state.log_history)


def passes(prompts: list, steps: int, per_step: int, seed: int) -> list:
    """The prompts (or tasks) of all steps in order, in passes over all of them, each shuffled anew.

    A pass leaves out the remainder that does not fill a step. TRL's sampler would draw the same, but starts again with
    the first pass when training resumes; hence one list of all steps. `MopeError` where there are fewer prompts than a
    step takes.
    """
    if len(prompts) < per_step:
        raise MopeError(f"expert.prompts_per_step: {per_step} found, a number ≤ {len(prompts)} (prompts) is expected")
    generator, whole, asked = torch.Generator().manual_seed(seed), len(prompts) // per_step * per_step, []
    while len(asked) < steps * per_step:
        asked += [prompts[i] for i in torch.randperm(len(prompts), generator=generator)[:whole].tolist()]
    return asked[: steps * per_step]


def curve(history: list[dict]) -> pd.DataFrame:
    """The training curve (float64): step, reward, kl (to the base), loss, entropy, length (mean tokens of answers)."""
    rows = [
        {
            "step": entry["step"],
            "reward": entry["reward"],
            "kl": entry.get("kl", 0.0),
            "loss": entry["loss"],
            "entropy": entry["entropy"],
            "length": entry["completions/mean_length"],
        }
        for entry in history
        if "reward" in entry
    ]
    return pd.DataFrame(rows).astype(float)
