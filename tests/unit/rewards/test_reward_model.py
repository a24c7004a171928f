"""Reward models score alike whether each has a base of its own, or they share one, or that of the experts."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from datasets import Dataset
from reward_folders import reward_folders
from safetensors.torch import load_file
from tiny_settings import tiny
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
)
from trl import RewardConfig, RewardTrainer

from mope.errors import MopeError
from mope.pools.adapters import BASE, AdapterPool
from mope.pools.open_pool import open_pool
from mope.prompting import messages
from mope.rewards.reward_model import PooledRewardModel, RewardModel, load_reward_models
from mope.training.checkpoints import Checkpoints
from mope.training.reward import RewardSettings, reward_adapter, tokenised_pairs, train_reward

NAMES = ("P1A", "P2A", "P3A")
QUESTIONS, ANSWERS = ["Why is the sky blue?", "What is rain?", "What is rain?"], ["Light.", "Water falls.", ""]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A base and reward adapters of random weights."""
    reward_folders(tmp_path, NAMES, [*QUESTIONS, *ANSWERS])
    return tmp_path


def test_the_three_ways_agree(run: Path) -> None:
    base, folders = run / "base", {name: run / name for name in NAMES}
    pool = AdapterPool(base, {"base": BASE})
    ways = [load_reward_models(base, folders), load_reward_models(base, folders, shared=0)]
    ways.append(load_reward_models(base, folders, pool, shared=0))
    assert [type(way["P1A"]) for way in ways] == [RewardModel, RewardModel, PooledRewardModel]
    assert ways[2]["P1A"].rewards.llama is pool.llama  # no second copy of the base
    scores = torch.stack([torch.stack([way[name].score(QUESTIONS, ANSWERS) for name in NAMES]) for way in ways])
    assert torch.allclose(scores[1:], scores[:1], atol=1e-4)
    assert scores[0].std() > 1e-3


def test_pairs_are_tokenised_as_the_trainer_would(run: Path) -> None:
    pairs = pd.DataFrame({"prompt": QUESTIONS, "chosen": ANSWERS, "rejected": ["Rain falls.", "Light.", "A drop."]})
    settings = RewardSettings(
        seed=1, rank=4, alpha=8, dropout=0.0, learning_rate=1e-3, epochs=1, batch=2, held_out=0.5, min_accuracy=0.5,
        max_length=64, micro_batch=None,
    )  # fmt: skip
    tokenizer = AutoTokenizer.from_pretrained(run / "base")
    conversations = [
        {
            "prompt": messages(row.prompt),
            "chosen": [{"role": "assistant", "content": row.chosen}],
            "rejected": [{"role": "assistant", "content": row.rejected}],
        }
        for row in pairs.itertuples()
    ]
    trainer = RewardTrainer(
        AutoModelForSequenceClassification.from_pretrained(run / "base", num_labels=1),
        RewardConfig(output_dir=str(run / "out"), use_cpu=True, bf16=False, report_to="none", max_length=None),
        train_dataset=Dataset.from_list(conversations),
        processing_class=tokenizer,
    )
    columns = ["chosen_ids", "rejected_ids"]
    theirs = [tuple(map(tuple, (row[name] for name in columns))) for row in trainer.train_dataset]
    ours = [tuple(map(tuple, (row[name] for name in columns))) for row in tokenised_pairs(pairs, tokenizer, settings)]
    assert sorted(ours) == sorted(theirs) and len(set(ours)) == 3


def test_only_the_last_layers_are_adapted(run: Path, tmp_path: Path) -> None:
    """Every copy of the base below them stays the base, and all ways of scoring read the adapter."""
    base = AutoModelForSequenceClassification.from_pretrained(run / "base", num_labels=1)
    depth = base.config.num_hidden_layers
    assert depth > 1
    pairs = [(str(i), QUESTIONS[i % 3], ANSWERS[i % 3], ANSWERS[(i + 1) % 3]) for i in range(12)]
    feedback = pd.DataFrame(pairs, columns=["prompt_id", "prompt", "chosen", "rejected"])
    settings = tiny(RewardSettings, "reward", batch=4, held_out=0.3, layers=1)
    train_reward(run / "base", feedback, settings, Checkpoints(tmp_path / "checkpoints", 1000), tmp_path / "reward")
    adapted = {re.search(r"layers\.(\d+)\.", name) for name in load_file(tmp_path / "reward/adapter_model.safetensors")}
    assert {int(found[1]) for found in adapted if found} == {depth - 1}
    merged = RewardModel(run / "base", tmp_path / "reward").model.state_dict()
    changed = {name for name, weight in base.state_dict().items() if not torch.equal(weight, merged[name])}
    assert {name for name in changed if f"layers.{depth - 1}." not in name} == {"score.weight"}
    pool = open_pool(run / "base", {"base": BASE})
    ways = [{}, {"shared": 0}, {"pool": pool, "shared": 0}]
    models = [load_reward_models(run / "base", {"P1A": tmp_path / "reward"}, **way)["P1A"] for way in ways]
    scores = [model.score(QUESTIONS, ANSWERS) for model in models]
    assert torch.allclose(scores[0], scores[1], atol=1e-4) and torch.allclose(scores[0], scores[2], atol=1e-4)
    with pytest.raises(MopeError, match=f"reward.layers: {depth + 1} found, a number ≤ {depth} "):
        reward_adapter(base, replace(settings, layers=depth + 1))
