"""Reward models whose adapters begin above the same layers share these: the same rewards, each text read once."""

from pathlib import Path

import pytest
import torch
from reward_folders import reward_folders

from mope.rewards.reward_model import RewardModel, load_reward_models
from mope.rewards.shared_trunk import layers_below

NAMES = ("P1A", "P2A", "P3A")
QUESTIONS = ["Why is the sky blue?", "What is rain?", "What is rain?", "What is rain?"]
ANSWERS = ["Light.", "Water falls from clouds, again and again.", "", "Water falls from clouds, again and again."]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    reward_folders(tmp_path, NAMES, [*QUESTIONS, *ANSWERS], layers=[1])
    return tmp_path


def test_the_same_rewards_and_every_text_is_read_once(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = {name: run / name for name in NAMES}
    models = load_reward_models(run / "base", folders)
    [trunk] = {id(model.trunk): model.trunk for model in models.values()}.values()
    assert [len(model.llama.layers) for model in models.values()] == [1, 1, 1] and len(trunk.llama.layers) == 1
    read, run_texts = [], trunk._run
    monkeypatch.setattr(trunk, "_run", lambda texts: read.extend(texts) or run_texts(texts))
    for name, model in models.items():
        alone = RewardModel(run / "base", run / name)
        assert alone.trunk is None
        torch.testing.assert_close(model.score(QUESTIONS, ANSWERS), alone.score(QUESTIONS, ANSWERS))
        few = model.score(QUESTIONS[:1], ANSWERS[:1])  # from what is kept, in a batch of another width
        torch.testing.assert_close(few, alone.score(QUESTIONS[:1], ANSWERS[:1]))
    assert len(read) == 3  # the different texts, once for all models


def test_no_more_is_kept_than_is_allowed(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [model, *_] = load_reward_models(run / "base", {name: run / name for name in NAMES}).values()
    expected = model.score(QUESTIONS, ANSWERS)
    trunk, text = model.trunk, next(iter(model.trunk.kept.values()))
    assert trunk.bytes == sum(states.numel() * 4 for states in trunk.kept.values()) > 0
    monkeypatch.setattr(trunk, "most_bytes", text.numel() * 4)
    torch.testing.assert_close(model.score(QUESTIONS, ANSWERS), expected)
    assert 0 <= trunk.bytes <= trunk.most_bytes and len(trunk.kept) <= 1
    assert trunk.bytes == sum(states.numel() * 4 for states in trunk.kept.values())


def test_layers_that_no_adapter_changes(tmp_path: Path) -> None:
    reward_folders(tmp_path / "top", ["P1A", "P1B"], QUESTIONS, layers=[1])
    reward_folders(tmp_path / "all", ["P1A"], QUESTIONS)
    top, every = tmp_path / "top", tmp_path / "all"
    assert layers_below([top / "P1A", top / "P1B"]) == 1
    assert layers_below([top / "P1A", every / "P1A"]) == 0
    assert layers_below([top / "P1A", tmp_path / "none"]) == 0
    assert load_reward_models(every / "base", {"P1A": every / "P1A"})["P1A"].trunk is None
