"""Experts over one base of any architecture equal the LLaMA pool where both can run, and the plain model elsewhere."""

import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny import random_adapter, tiny_model
from transformers import GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM

from mope.pools.adapters import BASE, AdapterPool
from mope.pools.any_family import AnyFamilyPool
from mope.pools.open_pool import open_pool

PROMPTS, EXPERTS = [[5, 6, 7], [8, 9], [10, 11, 12, 13], [5, 6]], [0, 2, 1, 1]


def steps(pool, count: int = 3) -> torch.Tensor:
    """Log-probabilities (count + 2, ..) of a prefill, steps, and a step after rows have left."""
    with torch.inference_mode():
        state, first = pool.prefill(PROMPTS, EXPERTS)
        seen = [first]
        for step in range(count):
            seen.append(pool.step(state, torch.tensor([20 + step, 21, 22, 23])))
        pool.keep(state, torch.tensor([0, 2]))
        last = pool.step(state, torch.tensor([30, 31]))
    return torch.cat([*seen, last])


def test_it_equals_the_pool_that_knows_llama() -> None:
    model = tiny_model(0)
    adapters = {"a": random_adapter(model, 1), "b": random_adapter(model, 2, rank=2, names=("q_proj", "down_proj"))}
    fast = steps(AdapterPool(copy.deepcopy(model), {**adapters, "base": BASE}))
    slow = steps(AnyFamilyPool(model, {**adapters, "base": None}, torch.float32, "cpu"))
    assert torch.allclose(fast, slow, atol=1e-5)
    assert not torch.allclose(fast[0], fast[1])


def neox() -> GPTNeoXForCausalLM:
    shape = {"vocab_size": 61, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    return GPTNeoXForCausalLM(GPTNeoXConfig(**shape, intermediate_size=48, max_position_embeddings=128))


def gpt2() -> GPT2LMHeadModel:
    return GPT2LMHeadModel(GPT2Config(vocab_size=61, n_embd=32, n_layer=2, n_head=4, n_positions=128))


@pytest.mark.parametrize("make", [neox, gpt2])
def test_other_families_equal_the_plain_model(make, tmp_path) -> None:
    torch.manual_seed(0)
    model = make().eval()
    model.save_pretrained(tmp_path / "base")
    folders = {}
    for name in ("a", "b"):
        peft = get_peft_model(copy.deepcopy(model), LoraConfig(r=4, lora_alpha=8, target_modules="all-linear"))
        for parameter_name, parameter in peft.named_parameters():
            if "lora_B" in parameter_name:
                torch.nn.init.normal_(parameter, std=0.3)
        peft.save_pretrained(tmp_path / name)
        folders[name] = (tmp_path / name, peft.merge_and_unload().eval())
    pool = open_pool(tmp_path / "base", {name: folder for name, (folder, _) in folders.items()} | {"base": BASE})
    assert isinstance(pool, AnyFamilyPool)
    plain = [folders["a"][1], folders["b"][1], model]
    with torch.inference_mode():
        state, first = pool.prefill(PROMPTS, EXPERTS)
        second = pool.step(state, torch.tensor([20, 21, 22, 23]))
        for row, (prompt, expert) in enumerate(zip(PROMPTS, EXPERTS)):
            expected = plain[expert](torch.tensor([[*prompt, 20 + row]])).logits.log_softmax(-1)[0]
            assert torch.allclose(first[row], expected[-2], atol=1e-4)
            assert torch.allclose(second[row], expected[-1], atol=1e-4)
