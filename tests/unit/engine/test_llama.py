"""The lean forward pass equals Hugging Face's, for every family and shape that it accepts."""

import pytest
import torch
from tiny import PAD, VOCABULARY, tiny_config, tiny_model
from transformers import (
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from mope.errors import MopeError
from mope.pools.adapters import AdapterPool

LLAMA3_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
SHAPES = {
    "grouped": {},
    "one key head per query head": {"num_key_value_heads": 4},
    "one key head": {"num_key_value_heads": 1},
    "untied": {"tie_word_embeddings": False},
    "biases": {"attention_bias": True},
    "head size": {"head_dim": 12},
    "linear rope": {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}},
    "llama3 rope": {"rope_parameters": LLAMA3_ROPE},
    "theta": {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}},
    "gelu": {"hidden_act": "gelu"},
}
COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.3,
    "bos_token_id": None,
    "pad_token_id": PAD,
}


def family(name: str):
    torch.manual_seed(0)
    if name == "mistral":
        return MistralForCausalLM(MistralConfig(**COMMON, sliding_window=None)).eval()
    if name == "qwen2":
        model = Qwen2ForCausalLM(Qwen2Config(**COMMON)).eval()
        for layer in model.model.layers:
            torch.nn.init.normal_(layer.self_attn.q_proj.bias)
        return model
    model = Qwen3ForCausalLM(Qwen3Config(**COMMON, head_dim=8)).eval()
    for layer in model.model.layers:
        torch.nn.init.normal_(layer.self_attn.q_norm.weight)
    return model


def random_texts(generator: torch.Generator, rows: int, longest: int) -> list[list[int]]:
    lengths = torch.randint(1, longest + 1, (rows,), generator=generator).tolist()
    return [torch.randint(2, VOCABULARY, (n,), generator=generator).tolist() for n in lengths]


@torch.no_grad()
def assert_equal_to_transformers(model, steps: int = 4, rows: int = 5, longest: int = 19, tolerance: float = 2e-4):
    """Prefill, steps, and rows leaving on the way, against the whole text read anew without padding."""
    generator = torch.Generator().manual_seed(1)
    texts = random_texts(generator, rows, longest)
    pool = AdapterPool(model, {"base": "__base__"})
    state, got = pool.prefill(texts, [0] * rows)
    for step in range(steps):
        want = torch.stack([model(torch.tensor([text])).logits[0, -1].log_softmax(-1) for text in texts])
        torch.testing.assert_close(got, want, atol=tolerance, rtol=tolerance)
        if step == 1 and rows > 2:
            stay = [row for row in range(rows) if row != 1]
            pool.keep(state, torch.tensor(stay))
            texts = [texts[row] for row in stay]
        tokens = torch.randint(2, VOCABULARY, (len(texts),), generator=generator)
        texts = [[*text, token] for text, token in zip(texts, tokens.tolist())]
        got = pool.step(state, tokens)


@pytest.mark.parametrize("shape", SHAPES)
def test_llama_shapes(shape):
    assert_equal_to_transformers(tiny_model(0, **SHAPES[shape]))


@pytest.mark.parametrize("name", ["mistral", "qwen2", "qwen3"])
def test_other_families(name):
    assert_equal_to_transformers(family(name))


def test_cache_grows_past_its_first_size():
    assert_equal_to_transformers(tiny_model(0), steps=90, rows=2, longest=5)


def test_larger_products_take_the_packed_path():
    """Wide enough that the packed kernels run; errors of float32 grow with the width."""
    model = tiny_model(0, hidden_size=256, intermediate_size=512, initializer_range=0.05)
    assert_equal_to_transformers(model, rows=9, longest=40)


@torch.no_grad()
def test_bfloat16_is_as_close_to_float32_as_transformers_bfloat16():
    texts = random_texts(torch.Generator().manual_seed(2), 6, 20)
    exact = tiny_model(0)
    want = torch.stack([exact(torch.tensor([text])).logits[0, -1].log_softmax(-1) for text in texts])
    half = tiny_model(0).bfloat16()
    theirs = torch.stack([half(torch.tensor([text])).logits[0, -1].float().log_softmax(-1) for text in texts])
    _, ours = AdapterPool(half, {"base": "__base__"}, dtype=torch.bfloat16).prefill(texts, [0] * 6)
    assert (ours - want).abs().mean() < 1.5 * (theirs - want).abs().mean()


def test_what_it_does_not_compute_is_refused():
    torch.manual_seed(0)
    with pytest.raises(MopeError, match="sliding-window"):
        AdapterPool(MistralForCausalLM(MistralConfig(**COMMON, sliding_window=8)), {"base": "__base__"})
    dynamic = tiny_config(rope_parameters={"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0})
    with pytest.raises(MopeError, match="rope_type"):
        AdapterPool(LlamaForCausalLM(dynamic), {"base": "__base__"})
