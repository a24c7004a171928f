"""Soups against dense matrices and against PEFT."""

import pytest
import torch

from mope.engine.lora import LoraFactors
from mope.errors import MopeError
from mope.methods.soups import delta_sum, exact_average, factor_average


def adapters(count: int = 3) -> list[dict[str, LoraFactors]]:
    torch.manual_seed(0)
    return [{"m": LoraFactors(torch.randn(4, 10), torch.randn(6, 4), 2.0)} for _ in range(count)]


def dense(pair: LoraFactors) -> torch.Tensor:
    return pair.scale * pair.b @ pair.a


def test_exact_average_is_the_mean_of_the_products():
    given = adapters()
    expected = torch.stack([dense(adapter["m"]) for adapter in given]).mean(0)
    assert torch.allclose(dense(exact_average(given)["m"]), expected, atol=1e-5)


def test_factor_average_is_the_product_of_the_means_and_something_else():
    given = adapters()
    a = torch.stack([adapter["m"].a for adapter in given]).mean(0)
    b = torch.stack([adapter["m"].b for adapter in given]).mean(0)
    merged = dense(factor_average(given)["m"])
    assert torch.allclose(merged, 2.0 * b @ a, atol=1e-6)
    assert not torch.allclose(merged, dense(exact_average(given)["m"]), atol=0.1)


def test_sum_of_deltas():
    given = adapters()
    whole = sum(dense(adapter["m"]) for adapter in given)
    assert torch.allclose(dense(delta_sum(given)["m"]), whole, atol=1e-4)
    assert torch.allclose(dense(delta_sum(given, strength=0.7)["m"]), 0.7 * whole, atol=1e-4)


def test_weighted_averages_and_sums():
    given, w = adapters(), (0.5, 0.25, 0.25)
    a, b = (sum(x * getattr(adapter["m"], side) for x, adapter in zip(w, given)) for side in "ab")
    assert torch.allclose(dense(factor_average(given, w)["m"]), 2.0 * b @ a, atol=1e-5)
    mean = sum(x * dense(adapter["m"]) for x, adapter in zip(w, given))
    assert torch.allclose(dense(exact_average(given, w)["m"]), mean, atol=1e-5)
    assert torch.allclose(dense(delta_sum(given, w, 0.7)["m"]), 3 * 0.7 * mean, atol=1e-4)


@pytest.mark.parametrize("average", [factor_average, exact_average, delta_sum])
def test_equal_weights_are_none(average):
    given = adapters()
    equal, none = (average(given, weights)["m"] for weights in ([1 / 3] * 3, None))
    assert torch.allclose(dense(equal), dense(none), atol=1e-6)


@pytest.mark.parametrize("average", [factor_average, exact_average])
def test_all_weight_on_one_is_that_one(average):
    given = adapters()
    assert torch.allclose(dense(average(given, (0.0, 1.0, 0.0))["m"]), dense(given[1]["m"]), atol=1e-6)


@pytest.mark.parametrize("average", [factor_average, exact_average, delta_sum])
def test_a_soup_of_one_is_that_one(average):
    (one,) = adapters(1)
    assert torch.allclose(dense(average([one])["m"]), dense(one["m"]))


def test_different_scales_are_refused():
    first, second = adapters(2)
    second = {"m": LoraFactors(second["m"].a, second["m"].b, 1.0)}
    with pytest.raises(MopeError, match="different scales"):
        factor_average([first, second])


def test_exact_average_equals_peft_cat(tmp_path):
    peft = pytest.importorskip("peft")
    from transformers import LlamaConfig, LlamaForCausalLM

    from mope.engine.lora import read_adapter

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24
    )
    lora = peft.LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", init_lora_weights=False)
    model = peft.get_peft_model(LlamaForCausalLM(config), lora, adapter_name="one")
    model.add_adapter("two", lora)
    model.save_pretrained(tmp_path)
    merged = exact_average([read_adapter(tmp_path / "one"), read_adapter(tmp_path / "two")])
    model.add_weighted_adapter(["one", "two"], [0.5, 0.5], "soup", combination_type="cat")
    layer = model.base_model.model.model.layers[0].self_attn.q_proj
    assert torch.allclose(dense(merged["layers.0.self_attn.q_proj"]), layer.get_delta_weight("soup"), atol=1e-6)
