"""Reward models, which score answers in the same way for training, for the check of accuracy and for evaluation."""

import copy
from collections.abc import Sequence
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from mope.decoding.pool import ExpertPool
from mope.engine.kv_cache import left_pad
from mope.engine.llama import Llama, check_family
from mope.errors import MopeError
from mope.pools.adapters import AdapterPool
from mope.prompting import messages, rendered_chat, reply
from mope.rewards.shared_base import SharedRewards
from mope.rewards.shared_trunk import SharedTrunk, layers_below
from mope.runtime.precision import device, dtype_of
from mope.runtime.progress import progress

SHARED = 2_000_000_000  # bytes of weights; a base of this size or larger is not copied for each reward model


class RewardModel:
    """A reward adapter on the base model: r(x, y) is a scalar logit, whose differences are log-odds (Bradley-Terry).

    `merge` adds the adapter to a copy of the base's weights, which is faster. `MopeError` where the base has one token
    for padding and end of text.
    """

    def __init__(self, base: str | Path, adapter: str | Path, merge: bool = True, precision: str = "float32"):
        self.tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
        if self.tokenizer.pad_token_id == self.tokenizer.eos_token_id:
            found = f"{self.tokenizer.pad_token!r} is both the pad and the end-of-text token"
            raise MopeError(f"{base}: {found}; two different ones are expected, or rewards are read one token early")
        self.device = device()
        dtype = dtype_of(precision, self.device)
        stored = torch.float32 if merge else dtype  # merged in float32, then rounded to `dtype` once
        model = AutoModelForSequenceClassification.from_pretrained(
            base, num_labels=1, dtype=stored, trust_remote_code=False
        )
        model.config.pad_token_id = self.tokenizer.pad_token_id
        model, self.adapter = PeftModel.from_pretrained(model, adapter), "default"
        self.model = (model.merge_and_unload() if merge else model).to(self.device, dtype).eval()
        self.model.score.float().register_forward_pre_hook(lambda _, hidden: (hidden[0].float(),))  # rewards in float32
        self.llama = fast_body(self.model) if merge else None
        self.trunk: SharedTrunk | None = None

    def beside(self, name: str, adapter: str | Path) -> "RewardModel":
        """Another reward model on the same base weights; this one must not be merged."""
        self.model.load_adapter(adapter, adapter_name=name)
        other = copy.copy(self)
        other.adapter = name
        return other

    def share(self, layers: int, trunk: SharedTrunk | None) -> SharedTrunk:
        """Leave the first `layers` layers to `trunk`, which several reward models share, or else to a new one.

        This model must have the fast forward pass, and its adapter must begin above these layers.
        """
        self.trunk = trunk or SharedTrunk(self.llama.layers_between(0, layers))
        self.llama = self.llama.layers_between(layers)
        return self.trunk

    @torch.inference_mode()
    def score(self, prompts: Sequence[str], responses: Sequence[str]) -> torch.Tensor:
        """Rewards (N,), float32 on the CPU, of N answers to plain prompts (without preference texts)."""
        ids = conversations(self.tokenizer, prompts, responses)
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))  # rows of similar length need little padding
        batch = 16 if self.device == "cpu" else 64  # the activations of a small batch stay in the processor's cache
        rewards = torch.empty(len(ids))
        if isinstance(self.model, PeftModel):
            self.model.set_adapter(self.adapter)
        with progress(len(ids), "rewards") as bar:
            for start in range(0, len(order), batch):
                rows = order[start : start + batch]
                rewards[rows] = self._logits([ids[i] for i in rows]).float().cpu()
                bar.update(len(rows))
        return rewards

    def _logits(self, ids: list[list[int]]) -> torch.Tensor:
        """The scalar logits (B,) of a batch of conversations, each read at its last token."""
        if self.llama:
            cache = self.llama.new_cache([len(row) for row in ids])
            before = self.trunk.hidden(ids) if self.trunk else self.llama.embed(left_pad(ids, self.device))
            return self.model.score(self.llama.last(self.llama.through(before, cache)))[:, 0]
        padded = self.tokenizer.pad({"input_ids": ids}, padding_side="right", return_tensors="pt").to(self.device)
        return self.model(**padded).logits[:, 0]


class PooledRewardModel:
    """Reward model number `place` of those on the base of an expert pool; it scores like a `RewardModel`."""

    def __init__(self, tokenizer, rewards: SharedRewards, place: int):
        self.tokenizer, self.rewards, self.place = tokenizer, rewards, place

    def score(self, prompts: Sequence[str], responses: Sequence[str]) -> torch.Tensor:
        """Rewards (N,), float32 on the CPU, of plain prompts and answers, in the precision of the pool."""
        ids = conversations(self.tokenizer, prompts, responses)
        return self.rewards.score(ids, [self.place] * len(ids))


def fast_body(model: torch.nn.Module) -> Llama | None:
    """The fast forward pass of a classifier's backbone; None if its model family has none."""
    try:
        check_family(model.base_model)
    except MopeError:
        return None
    return Llama(model.base_model)


def conversations(tokenizer, prompts: Sequence[str], responses: Sequence[str]) -> list[list[int]]:
    """Token ids of prompts, each with its answer, in the format of the chat template: all turns of a conversation."""
    texts = [
        rendered_chat(tokenizer, [*messages(prompt), reply(response)])
        for prompt, response in zip(prompts, responses, strict=True)
    ]
    return tokenizer(texts, add_special_tokens=False)["input_ids"]


def load_reward_models(
    base: str | Path,
    adapters: dict[str, str | Path],
    pool: ExpertPool | None = None,
    shared: int = SHARED,
    precision: str = "float32",
) -> dict[str, RewardModel | PooledRewardModel]:
    """One reward model per preference, from adapters by preference.

    A base with fewer than `shared` bytes of weights is copied and merged with each adapter, which is faster; the layers
    below all adapters are run once for all. A larger one is loaded once for all adapters, or the base of the expert
    `pool` is used if the pool holds its experts as adapters.
    """
    merge = sum(file.stat().st_size for file in Path(base).glob("*.safetensors")) < shared
    if merge:
        below, trunk, models = layers_below(adapters.values()), None, {}
        for name, folder in adapters.items():
            models[name] = RewardModel(base, folder, precision=precision)
            if below and models[name].llama and len(adapters) > 1:
                trunk = models[name].share(below, trunk)
        return models
    if isinstance(pool, AdapterPool):
        tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
        rewards = SharedRewards(pool.llama, adapters)
        return {name: PooledRewardModel(tokenizer, rewards, place) for place, name in enumerate(adapters)}
    (first, folder), *others = adapters.items()
    model = RewardModel(base, folder, merge=False, precision=precision)
    return {first: model} | {name: model.beside(name, other) for name, other in others}
