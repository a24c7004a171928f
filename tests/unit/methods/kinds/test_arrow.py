"""Arrow routing through PEFT runs on this project's experts: as one expert where all are alike, else between them."""

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny import tiny_model

from mope.methods.kinds.arrow import arrow_pool
from mope.pools.adapters import AdapterPool

PROMPTS = [[5, 6, 7], [8, 9], [10, 11, 12, 13]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A base and two experts."""
    tiny_model(0).save_pretrained(tmp_path / "base")
    for seed, name in enumerate("ab"):
        model = tiny_model(0)
        torch.manual_seed(1 + seed)
        config = LoraConfig(
            task_type="CAUSAL_LM", r=4, lora_alpha=12, target_modules="all-linear", init_lora_weights=False
        )
        get_peft_model(model, config).save_pretrained(tmp_path / name)
    return tmp_path


def steps(pool) -> torch.Tensor:
    with torch.inference_mode():
        state, first = pool.prefill(PROMPTS, [0, 0, 0])
        return torch.stack([first, *(pool.step(state, torch.tensor([20 + i, 21, 22])) for i in range(3))])


def test_equal_experts_are_routed_as_one(folder: Path) -> None:
    alone = steps(AdapterPool(folder / "base", {"a": folder / "a"}))
    for experts in ([folder / "a"], [folder / "a"] * 3):
        assert torch.allclose(steps(arrow_pool(folder / "base", experts)), alone, atol=1e-4)


def test_different_experts_share_a_token(folder: Path) -> None:
    routed = steps(arrow_pool(folder / "base", [folder / "a", folder / "b"]))
    for name in "ab":
        assert not torch.allclose(routed, steps(AdapterPool(folder / "base", {name: folder / name})), atol=1e-2)
