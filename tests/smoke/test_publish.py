"""Published models load by the very lines on their cards, and score as they do inside the project."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mope.rewards.reward_model import RewardModel


@pytest.fixture(scope="module")
def published(smoke: Path, make: Callable) -> Path:
    outcome = make(smoke, "publish", "EXPERIMENT=smoke", "OWNER=me")
    assert outcome.returncode == 0, outcome.stderr
    said = [line for line in outcome.stdout.splitlines() if line.startswith("results/published")]
    assert len(said) == len(list((smoke / "results/published/me").iterdir())) == 10
    return smoke / "results/published"


def card(published: Path, model: str) -> str:
    return (published / f"me/mope-smoke-{model}/README.md").read_text()


def test_every_kind_of_model_loads_by_its_card(smoke: Path, published: Path) -> None:
    models = ("base", "expert-p1a", "controller-mope-seed0", "reward-p2a")
    blocks = [re.search(r"```python\n(.*?)```", card(published, model), re.DOTALL)[1] for model in models]
    environment = {"PYTHONPATH": str(smoke / "workflow"), "HF_HUB_OFFLINE": "1"}
    outcome = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], cwd=published, env=environment, capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stderr
    *answers, experts, reward = outcome.stdout.splitlines()
    assert answers and experts == "['P1A', 'P1B', 'P2A', 'P3A']"
    own = RewardModel(smoke / "results/smoke/base", smoke / "results/smoke/reward/P2A")
    assert float(reward) == pytest.approx(own.score(["What is rain?"], ["Rain is water that falls."]).item(), abs=1e-4)


def test_a_card_tells_what_the_model_is_and_how_well_it_did(smoke: Path, published: Path) -> None:
    reward, controller = card(published, "reward-p1a"), card(published, "controller-mope-seed0")
    assert reward.startswith("---\nbase_model: me/mope-smoke-base\n") and "elementary school student" in reward
    assert re.search(r"Accuracy on \d+ held-out pairs: \d+\.\d %", reward)
    assert "\neta: " in controller and "| `soup_factor` |" in controller
    assert "More Information Needed" not in reward + controller + card(published, "expert-p3a")


def test_models_that_are_not_there_or_damaged_are_not_published(run: Path, make: Callable) -> None:
    for change, message in (
        ("MODELS=critic", "no model begins with critic"),
        ("OWNER=", "OWNER is not set"),
    ):
        outcome = make(run, "publish", "EXPERIMENT=smoke", "OWNER=me", change)
        assert outcome.returncode != 0 and message in outcome.stderr
    (run / "results/smoke/expert/P1A/adapter_model.safetensors").write_bytes(b"x")
    outcome = make(run, "publish", "EXPERIMENT=smoke", "OWNER=me", "MODELS=expert/P1A")
    assert outcome.returncode != 0 and "adapter_model.safetensors: 1 bytes found" in outcome.stderr
    assert not (run / "results/published/me/mope-smoke-expert-p1a").exists()
