"""A base stored in 16 bits runs on a CPU in the precision of the experiment, with the sums of that precision."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tiny_settings import tiny
from transformers import AutoTokenizer, GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM

from mope import preferences
from mope.controller.controller_settings import ControllerSettings
from mope.controller.train import train_controller
from mope.decoding.turn_ends import turn_ends
from mope.pools.adapters import BASE
from mope.pools.open_pool import open_pool
from mope.rewards.reward_model import RewardModel
from mope.training.checkpoints import Checkpoints
from mope.training.expert import ExpertSettings, task, train_expert
from mope.training.imported import import_base
from mope.training.reward import RewardSettings, train_reward
from mope.training.tokenizer import train_tokenizer

TOKENIZER = train_tokenizer(["the sky is blue because light is scattered by the air"], 300)
SHAPE = {
    "vocab_size": len(TOKENIZER), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
    "num_attention_heads": 4, "max_position_embeddings": 256, "initializer_range": 0.2,
    "pad_token_id": TOKENIZER.pad_token_id, "eos_token_id": TOKENIZER.eos_token_id, "bos_token_id": None,
}  # fmt: skip
MODELS = {"llama": (LlamaForCausalLM, LlamaConfig), "gpt_neox": (GPTNeoXForCausalLM, GPTNeoXConfig)}
PROMPT = [[5, 6, 7, 9, 30, 40]]


def imported(family: str, stored: torch.dtype, folder: Path) -> Path:
    torch.manual_seed(0)
    kind, config = MODELS[family]
    kind(config(**SHAPE)).to(stored).save_pretrained(folder / "given")
    TOKENIZER.save_pretrained(folder / "given")
    import_base(folder / "given", None, [], folder / "base")
    kept = load_file(folder / "base/model.safetensors")
    assert {weight.dtype for weight in kept.values()} == {stored}  # no more disk than it came with
    return folder / "base"


@pytest.mark.parametrize(
    ("family", "stored", "precision"),
    [
        ("llama", torch.bfloat16, "float32"),
        ("llama", torch.float16, "float32"),
        ("llama", torch.float16, "bfloat16"),
        ("gpt_neox", torch.float16, "float32"),
    ],
)
def test_every_stage_runs_in_the_precision_of_the_experiment(
    family: str, stored: torch.dtype, precision: str, root: Path, saved: Checkpoints, tmp_path: Path
) -> None:
    base = imported(family, stored, tmp_path)
    exact = MODELS[family][0].from_pretrained(base, dtype=torch.float32).eval()
    pool = open_pool(base, {"base": BASE}, precision)
    with torch.inference_mode():
        found, wanted = pool.prefill(PROMPT, [0])[1][0], exact(torch.tensor(PROMPT)).logits[0, -1].log_softmax(-1)
    assert found.dtype == torch.float32
    # Sums in float32 have the error of float32 alone, whatever the stored weights were rounded to.
    assert torch.allclose(found, wanted, atol=1e-5 if precision == "float32" else 0.2)
    rows = [("ab"[i % 2], ["the sky?", "light?"][i % 2], f"blue {i}", f"air {i}") for i in range(8)]
    feedback = pd.DataFrame(rows, columns=["prompt_id", "prompt", "chosen", "rejected"])
    chosen = {"batch": 2, "held_out": 0.5, "max_length": 96, "precision": precision}
    train_reward(base, feedback, tiny(RewardSettings, "reward", **chosen), saved, tmp_path / "reward")
    reward = RewardModel(base, tmp_path / "reward", precision=precision)
    settings = {"steps": 1, "prompts_per_step": 2, "generations": 2, "max_new_tokens": 4, "precision": precision}
    tasks = [task("the sky?", [], "x"), task("light?", [], "x")]
    expert = tiny(ExpertSettings, "expert", **settings)
    train_expert(base, lambda x, y, _: reward.score(x, y), tasks, expert, saved, tmp_path / "expert")
    active = preferences.load_preferences(root / "workflow/prompts/preferences.yaml", ["P1A", "P1B", "P2A"])
    pool = open_pool(base, dict.fromkeys(active.ids, tmp_path / "expert"), precision)
    tokenizer = AutoTokenizer.from_pretrained(base)
    controlled = tiny(ControllerSettings, "controller", steps=1, max_new_tokens=4, precision=precision)
    curve = train_controller(
        tokenizer, pool, lambda x, y, *_: reward.score(x, y), ["the sky?", "light?"], active.combinations(), active,
        controlled, saved, tmp_path / "controller", ends=turn_ends(base, tokenizer),
    )  # fmt: skip
    assert curve.notna().all(axis=None)
    for folder in ("reward", "expert"):
        trained = load_file(tmp_path / folder / "adapter_model.safetensors").values()
        assert {weight.dtype for weight in trained} == {torch.float32}
        assert all(weight.isfinite().all() for weight in trained)
