"""Adapters on all layers of a base, or on its last ones."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from mope.errors import MopeError
from mope.training.adapted_layers import adapted_layers


def adapted_maps(layers: int | None) -> set[str]:
    """Names below `model` of the linear maps that have an adapter."""
    torch.manual_seed(0)
    shape = {"vocab_size": 32, "hidden_size": 8, "intermediate_size": 16, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(**shape, num_hidden_layers=3))
    policy = get_peft_model(model, LoraConfig(r=2, task_type="CAUSAL_LM", **adapted_layers(model, layers, "key")))
    names = [name for name, _ in policy.named_parameters() if ".lora_A." in name]
    return {name.split(".lora_A.")[0].removeprefix("base_model.model.model.") for name in names}


def test_all_or_the_last_layers_are_adapted_and_never_the_head() -> None:
    maps = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"]
    maps += ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]
    for layers, expected in ((None, (0, 1, 2)), (3, (0, 1, 2)), (2, (1, 2)), (1, (2,))):
        assert adapted_maps(layers) == {f"layers.{i}.{name}" for i in expected for name in maps}


def test_more_layers_than_the_base_has_are_refused() -> None:
    with pytest.raises(MopeError, match=r"^key: 4 found, a number ≤ 3 \(the base's\) is expected$"):
        adapted_maps(4)
