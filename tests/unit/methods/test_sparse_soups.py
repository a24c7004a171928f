"""TIES and DARE against PEFT's own adapters and against the soups that they tend to."""

import peft
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from mope.engine.lora import LoraFactors, read_adapter
from mope.methods.soups import delta_sum, factor_average
from mope.methods.sparse_soups import sparse_merge

CONFIG = LlamaConfig(vocab_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24)
MODULE = "layers.0.self_attn.q_proj"


def dense(pair: LoraFactors) -> torch.Tensor:
    return pair.scale * pair.b @ pair.a


@pytest.fixture
def experts(tmp_path):
    """Three experts of rank 4 on one projection: a PEFT model, and the adapters as the project reads them."""
    torch.manual_seed(0)
    lora = peft.LoraConfig(r=4, lora_alpha=12, target_modules=["q_proj"], init_lora_weights=False)
    model = peft.get_peft_model(LlamaForCausalLM(CONFIG), lora, adapter_name="u")
    for name in "vw":
        model.add_adapter(name, lora)
    model.save_pretrained(tmp_path)
    return model, [read_adapter(tmp_path / name) for name in "uvw"]


@pytest.mark.parametrize("merge", ["ties", "dare_linear", "dare_ties"])
@pytest.mark.parametrize("of", ["factors", "updates"])
def test_what_peft_merges(experts, merge, of, monkeypatch):
    """With the same chance: making an adapter, PEFT draws its initial weights too."""
    model, adapters = experts
    bernoulli = torch.bernoulli

    def same_chance():
        generator = torch.Generator().manual_seed(5)
        monkeypatch.setattr(torch, "bernoulli", lambda share: bernoulli(share, generator=generator))

    kind, rank = (merge, {}) if of == "factors" else (f"{merge}_svd", {"svd_rank": 12})
    same_chance()
    model.add_weighted_adapter(list("uvw"), [0.7] * 3, "soup", combination_type=kind, density=0.5, **rank)
    theirs = model.base_model.model.model.layers[0].self_attn.q_proj.get_delta_weight("soup")
    same_chance()
    ours = sparse_merge(adapters, merge, of, 0.5, 0.7, seed=0)
    assert torch.allclose(dense(ours[MODULE]), theirs, atol=1e-5)


def test_updates_by_hand():
    """Ties keeps the larger half of each; signs are those of 3 - 2 + 5, 2 and -4 - 2; who agrees is averaged."""
    rows = [3.0, 0.1, -4.0, 0.2], [-2.0, 2.0, 0.1, 0.1], [5.0, 0.1, -2.0, 0.3]
    pairs = [{"m": LoraFactors(torch.tensor([row]), torch.tensor([[2.0]]), 0.5)} for row in rows]
    got = dense(sparse_merge(pairs, "ties", "updates", 0.5, 1.0, seed=0)["m"])
    assert torch.allclose(got, torch.tensor([[4.0, 2.0, -3.0, 0.0]]), atol=1e-6)
    assert torch.allclose(dense(sparse_merge(pairs, "ties", "updates", 0.5, 0.25, seed=0)["m"]), got / 4, atol=1e-6)


@pytest.mark.filterwarnings("ignore:The density 1")
def test_with_nothing_cut_they_are_the_soups_that_the_papers_began_from(experts):
    _, adapters = experts
    whole = sparse_merge(adapters, "dare_linear", "updates", 1.0, 0.7, seed=0)
    assert torch.allclose(dense(whole[MODULE]), dense(delta_sum(adapters, strength=0.7)[MODULE]), atol=1e-4)
    factors = sparse_merge(adapters, "dare_linear", "factors", 1.0, 0.7, seed=0)
    assert torch.allclose(dense(factors[MODULE]), 9 * 0.7 * dense(factor_average(adapters)[MODULE]), atol=1e-4)
    alike = [{MODULE: LoraFactors(pair.a.abs(), pair.b.abs(), pair.scale)} for pair in (a[MODULE] for a in adapters)]
    agreed = sparse_merge(alike, "ties", "factors", 1.0, 0.7, seed=0)
    assert torch.allclose(dense(agreed[MODULE]), 0.7 * dense(factor_average(alike)[MODULE]), atol=1e-5)


def test_what_dare_drops_is_made_up_for_in_the_mean(experts):
    _, adapters = experts
    draws = torch.stack(
        [dense(sparse_merge(adapters, "dare_linear", "updates", 0.5, 1.0, s)[MODULE]) for s in range(400)]
    )
    whole = dense(delta_sum(adapters)[MODULE])
    # 400 draws of a variance of Σ update² each: within five standard errors.
    error = (sum(dense(a[MODULE]).square() for a in adapters) / 400).sqrt()
    assert ((draws.mean(0) - whole).abs() < 5 * error + 0.02 * whole.abs()).all()
    state = torch.random.get_rng_state()
    again = dense(sparse_merge(adapters, "dare_linear", "updates", 0.5, 1.0, 7)[MODULE])
    assert torch.equal(torch.random.get_rng_state(), state)  # the caller's chance is left alone
    assert torch.equal(draws[7], again) and not torch.equal(draws[7], draws[8])
