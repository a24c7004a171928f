"""Every family of the list runs in the pools, as an expert in training and as a reward model; others are refused."""

import copy
import re
from pathlib import Path

import pandas as pd
import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny_settings import tiny
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from mope.engine.llama import check_family
from mope.errors import MopeError
from mope.pools.adapters import BASE, AdapterPool
from mope.pools.any_family import AnyFamilyPool
from mope.pools.open_pool import open_pool
from mope.rewards.reward_model import RewardModel
from mope.training.checkpoints import Checkpoints
from mope.training.expert import ExpertSettings, task, train_expert
from mope.training.families import FAST, ONE_BY_ONE, TESTED_FAMILIES
from mope.training.imported import import_base
from mope.training.reward import RewardSettings, train_reward
from mope.training.tokenizer import train_tokenizer

TOKENIZER = train_tokenizer(["the sky is blue because light is scattered by the air"], 300)
COMMON = {
    "vocab_size": len(TOKENIZER) + 2, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256,
    "pad_token_id": TOKENIZER.pad_token_id, "eos_token_id": TOKENIZER.eos_token_id, "bos_token_id": None,
}  # fmt: skip
OLD = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256}
SHAPES = {
    "bloom": {"n_layer": 2, "n_head": 4},
    "exaone4": {"head_dim": 8},
    "falcon": {"ffn_hidden_size": 48},
    "gemma": {"head_dim": 8},
    "gemma2": {"head_dim": 8, "sliding_window": 4},
    "gemma3_text": {"head_dim": 8, "sliding_window": 4},
    "glm": {"head_dim": 8},
    "glm4": {"head_dim": 8},
    "gpt2": OLD,
    "gpt_bigcode": OLD,
    "gpt_neo": {"num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]]},
    "gptj": OLD | {"rotary_dim": 4},
    "helium": {"head_dim": 8},
    "ministral": {"head_dim": 8},
    "mistral": {"sliding_window": None},
    "mpt": {"d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 256},
    "opt": {"ffn_dim": 48, "word_embed_proj_dim": 32},
    "qwen3": {"head_dim": 8},
    "seed_oss": {"head_dim": 8},
}
PROMPTS, EXPERTS, NEXT = [[5, 6, 7, 9, 11, 8, 9], [8, 9], [10, 11, 12]], [0, 1, 0], [20, 21, 22]


def random_model(family: str, **changes: object) -> PreTrainedModel:
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, **COMMON | SHAPES.get(family, {}) | changes)
    model = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 0.2)
    return model


def imported(model: PreTrainedModel, folder: Path) -> Path:
    model.save_pretrained(folder / "given")
    TOKENIZER.save_pretrained(folder / "given")
    import_base(folder / "given", None, [], folder / "base")
    return folder / "base"


def check_pool(model: PreTrainedModel, base: Path, folder: Path) -> None:
    """The pool's log-probabilities, step by step, are those of the plain model that reads the whole text."""
    options = {"task_type": "CAUSAL_LM", "r": 2, "lora_alpha": 4, "target_modules": "all-linear"}
    expert = get_peft_model(copy.deepcopy(model), LoraConfig(**options)).eval()
    for name, weight in expert.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.3)
    expert.save_pretrained(folder)
    pool = open_pool(base, {"expert": folder, "base": BASE})
    assert isinstance(pool, AdapterPool if model.config.model_type in FAST and fast(model) else AnyFamilyPool)
    with torch.inference_mode():
        state, first = pool.prefill(PROMPTS, EXPERTS)
        second = pool.step(state, torch.tensor(NEXT))
        for row, (prompt, which) in enumerate(zip(PROMPTS, EXPERTS)):
            plain = [expert, model][which](torch.tensor([[*prompt, NEXT[row]]])).logits[0].float().log_softmax(-1)
            assert torch.allclose(first[row], plain[-2], atol=1e-4)
            assert torch.allclose(second[row], plain[-1], atol=1e-4)


def fast(model: PreTrainedModel) -> bool:
    try:
        check_family(model.get_decoder())
    except MopeError:
        return False
    return True


@pytest.mark.parametrize("family", TESTED_FAMILIES)
def test_each_family_decodes_and_trains(family: str, saved: Checkpoints, tmp_path: Path) -> None:
    model = random_model(family)
    assert fast(model) == (family in FAST)
    base = imported(model, tmp_path)
    check_pool(model, base, tmp_path / "adapter")
    settings = tiny(ExpertSettings, "expert", steps=1, prompts_per_step=2, generations=2, max_new_tokens=4)
    tasks = [task("the sky?", [], "x"), task("light?", [], "x")]
    train_expert(base, lambda x, y, _: torch.arange(4.0), tasks, settings, saved, tmp_path / "expert")
    pool = open_pool(base, {"expert": tmp_path / "expert"})
    assert pool.prefill(PROMPTS, [0, 0, 0])[1].isfinite().all()
    rows = [("ab"[i % 2], ["the sky?", "light?"][i % 2], f"blue {i}", f"air {i}") for i in range(4)]
    feedback = pd.DataFrame(rows, columns=["prompt_id", "prompt", "chosen", "rejected"])
    chosen = {"batch": 2, "held_out": 0.5, "max_length": 96, "micro_batch": None}
    train_reward(base, feedback, tiny(RewardSettings, "reward", **chosen), saved, tmp_path / "reward")
    reward = RewardModel(base, tmp_path / "reward")
    together = reward.score(["sky?", "light?"], ["blue air", "a"])
    assert torch.allclose(together[1:], reward.score(["light?"], ["a"]), atol=1e-4)


@pytest.mark.parametrize("family", ["mistral", "qwen2"])
def test_sliding_windows_run_one_by_one(family: str, tmp_path: Path) -> None:
    window = {
        "sliding_window": 4,
        **({"use_sliding_window": True, "max_window_layers": 0} if family == "qwen2" else {}),
    }
    model = random_model(family, **window)
    assert not fast(model)
    check_pool(model, imported(model, tmp_path), tmp_path / "adapter")


@pytest.mark.parametrize(
    ("family", "shape"),
    [
        ("mixtral", {"num_local_experts": 2}),
        ("qwen2_moe", {"num_experts": 2, "num_experts_per_tok": 1}),
        ("mamba", {}),
        ("rwkv", {"attention_hidden_size": 32}),
        ("t5gemma", None),
    ],
)
def test_other_families_are_refused_with_those_that_do(family: str, shape: dict | None, tmp_path: Path) -> None:
    if shape is None:  # an encoder and a decoder
        random_model("llama").save_pretrained(tmp_path / "given")
        config = (tmp_path / "given/config.json").read_text()
        (tmp_path / "given/config.json").write_text(config.replace('"llama"', f'"{family}"'))
        TOKENIZER.save_pretrained(tmp_path / "given")
    with pytest.raises(MopeError, match=rf"a model of type {family} found; one of arcee, .*, qwen3, .* is expected"):
        if shape is None:
            import_base(tmp_path / "given", None, [], tmp_path / "base")
        else:
            imported(random_model(family, **shape), tmp_path)


def test_the_howto_names_the_families_that_are_tested(root: Path) -> None:
    lines = (root / "docs/howto/own_model.md").read_text().splitlines()
    fast_row, slow_row = (next(x for x in lines if x.endswith(end)) for end in ("| fast |", "| right, not fast |"))
    assert re.findall(r"`(\w+)`", fast_row) == list(FAST)
    assert re.findall(r"`(\w+)`", slow_row) == list(ONE_BY_ONE)
