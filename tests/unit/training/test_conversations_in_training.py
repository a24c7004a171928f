"""A conversation of three turns through a pipeline of tiny models: expert, controller and reward models read it all."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
import training_stages as stages
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from mope import preferences
from mope.controller import train as controller_training
from mope.data.feedback_file import FEEDBACK_KEYS, drawn_pairs
from mope.data.prompts import file_prompts
from mope.decoding.turn_ends import TurnEnds
from mope.methods.generator import GenerationSettings, Generator, Models
from mope.pools.adapters import BASE, AdapterPool
from mope.prompting import turns
from mope.rewards.combined import Rewards
from mope.rewards.forms.bt import BradleyTerry
from mope.rewards.reward_model import RewardModel
from mope.training import candidates as candidate_sampling
from mope.training import expert as expert_training
from mope.training.checkpoints import Checkpoints
from mope.training.objectives.multitask import train_multitask
from mope.training.reward import tokenised_pairs, train_reward
from mope.training.tokenizer import train_tokenizer

TALKS = [
    [
        {"role": "user", "content": f"Why is {thing} so?"},
        {"role": "assistant", "content": f"{thing} is old."},
        {"role": "user", "content": "And why else?"},
    ]
    for thing in ("ice", "rain", "the sky", "a bee", "a leaf")
]
BEGINNINGS = [f"<|user|>{a['content']}<|assistant|>{b['content']}</s><|user|>{c['content']}" for a, b, c in TALKS]


@pytest.fixture(scope="module")
def known(root: Path) -> preferences.Preferences:
    return preferences.load_preferences(root / "workflow/prompts/preferences.yaml", stages.IDS)


@pytest.fixture
def base(tmp_path: Path, known: preferences.Preferences) -> Path:
    torch.manual_seed(0)
    tokenizer = train_tokenizer([*BEGINNINGS, *known.texts.values()] * 3, 320)
    ends = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    shape = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **shape, **ends)).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def prompts(tmp_path: Path) -> pd.DataFrame:
    """Read from a file as the stage does, and written to a table and read again."""
    (tmp_path / "talks.jsonl").write_text("".join(json.dumps({"messages": talk}) + "\n" for talk in TALKS))
    file_prompts(tmp_path / "talks.jsonl", 5, "first", 1000, 1).to_parquet(tmp_path / "train.parquet")
    return pd.read_parquet(tmp_path / "train.parquet")


@pytest.fixture
def pairs(tmp_path: Path) -> pd.DataFrame:
    records = [
        {
            "chosen": [*talk, {"role": "assistant", "content": yes}],
            "rejected": [*talk, {"role": "assistant", "content": "No."}],
        }
        for talk in TALKS
        for yes in ("So.", "Thus.")
    ]
    (tmp_path / "P1A.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    drawn = drawn_pairs(tmp_path / "P1A.jsonl", 10, 1)
    return pd.DataFrame(drawn, columns=["prompt_id", *FEEDBACK_KEYS])


def recorded(monkeypatch: pytest.MonkeyPatch, module: object, name: str, place: int) -> list:
    """What the real function is given as argument number `place`, from now on."""
    real: Callable = getattr(module, name)
    seen: list = []

    def noting(*arguments, **options):
        seen.extend(arguments[place])
        return real(*arguments, **options)

    monkeypatch.setattr(module, name, noting)
    return seen


def test_every_model_reads_every_turn(
    base: Path, prompts: pd.DataFrame, pairs: pd.DataFrame, known: preferences.Preferences,
    tmp_path: Path, saved: Checkpoints, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    tokenizer = AutoTokenizer.from_pretrained(base)

    def ids(texts: str = "", after: str = "<|assistant|>") -> set[tuple[int, ...]]:
        """What is to be read of each conversation, by the format written out here."""
        return {
            tuple(tokenizer(f"{start}{texts}{after}", add_special_tokens=False)["input_ids"]) for start in BEGINNINGS
        }

    def read(found: list[list[int]]) -> set[tuple[int, ...]]:
        return set(map(tuple, found))

    assert [turns(prompt) for prompt in prompts.prompt] == TALKS
    asked = recorded(monkeypatch, candidate_sampling, "decode", 2)
    answers = candidate_sampling.sample_candidates(base, prompts, known, 2, 1.0, 4, seed=1)
    starts = [start for start in BEGINNINGS if any(tokenizer.decode(r.prompts[0]).startswith(start) for r in asked)]
    assert starts == BEGINNINGS and set(answers.prompt) == set(prompts.prompt)

    settings = replace(stages.REWARD_SETTINGS, max_length=200, epochs=1)
    told = {
        name: read([row[f"{name}_ids"] for row in tokenised_pairs(pairs, tokenizer, settings)])
        for name in FEEDBACK_KEYS[1:]
    }
    assert told["rejected"] == ids(after="<|assistant|>No.</s>")
    assert told["chosen"] == ids(after="<|assistant|>So.</s>") | ids(after="<|assistant|>Thus.</s>")
    train_reward(base, pairs, settings, saved, tmp_path / "reward")

    judge = RewardModel(base, tmp_path / "reward")
    scored = recorded(monkeypatch, judge, "_logits", 0)
    judge.score(list(prompts.prompt), ["Yes."] * 5)
    assert read(scored) == ids(after="<|assistant|>Yes.</s>")

    asked = recorded(monkeypatch, expert_training, "decode", 2)
    begun = [" Thus", "", "", "", ""]
    tasks = [
        expert_training.task(prompt, ["Be kind."], "P1A", start)
        for prompt, start in zip(prompts.prompt, begun, strict=True)
    ]
    few = replace(stages.EXPERT_SETTINGS, steps=1, iterations=1, prompts_per_step=5, max_new_tokens=4)
    expert_training.train_expert(base, lambda x, y, _: judge.score(x, y), tasks, few, saved, tmp_path / "expert")
    expected = {
        tuple(tokenizer(f"{start} Be kind.<|assistant|>", add_special_tokens=False)["input_ids"])
        for start in BEGINNINGS[1:]
    }
    first = tokenizer(f"{BEGINNINGS[0]} Be kind.<|assistant|>", add_special_tokens=False)["input_ids"]
    first += tokenizer(begun[0], add_special_tokens=False)["input_ids"]
    assert read([request.prompts[0] for request in asked]) == expected | {tuple(first)}

    asked = recorded(monkeypatch, controller_training, "decode", 2)
    pool, xis = AdapterPool(base, dict.fromkeys(stages.IDS, BASE)), known.combinations()
    references = {(prompt, xi): "Yes." for prompt in prompts.prompt for xi in xis}
    few = replace(stages.CONTROLLER_SETTINGS, steps=1, prompts_per_step=5 * len(xis), max_new_tokens=4)
    rewards = Rewards(dict.fromkeys(known.ids, judge), references, BradleyTerry())
    controller_training.train_controller(
        tokenizer, pool, rewards, list(prompts.prompt), xis, known, few, saved,
        tmp_path / "controller", ends=TurnEnds((tokenizer.eos_token_id,), tokenizer.pad_token_id),
    )  # fmt: skip
    stated = [" " + " ".join(known.statements(xi)) for xi in xis]
    assert read([request.controller_ids for request in asked]) == set().union(*map(ids, stated))
    own = [f" {known.texts[name]}" for name in stages.IDS]
    assert read([prompt for request in asked for prompt in request.prompts]) == set().union(*map(ids, own))

    imitation = replace(stages.EXPERT_SETTINGS, steps=1)
    assert len(train_multitask(base, {"P1A": pairs}, known, imitation, saved, tmp_path / "imitation")) == 1
    generator = Generator(Models(base, {}, {}), known, GenerationSettings(1, 1.0, 1.0, 0, 0, 1, 4))
    assert read([generator.plain_request(0, prompt, [], "").prompts[0] for prompt in prompts.prompt]) == ids()
