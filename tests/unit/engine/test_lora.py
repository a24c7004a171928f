"""Adapters read from PEFT's own files give PEFT's own results, for experts and for reward models."""

import json

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny import PAD, random_adapter, tiny_model
from transformers import AutoModelForSequenceClassification

from mope.engine.lora import AdapterBatch, LoraPart, LoraStack, read_adapter
from mope.errors import MopeError
from mope.pools.adapters import AdapterPool
from mope.rewards.shared_base import SharedRewards

TEXTS = [[5, 9, 12], [7, 3, 44, 18, 20, 6], [10], [33, 21]]


def randomised(model, seed: int):
    """PEFT starts B at zero: an adapter that does nothing would test nothing."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.2
    return model.eval()


@pytest.mark.parametrize(
    "options",
    [
        {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"},
        {"r": 3, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"]},
        {"r": 4, "lora_alpha": 8, "target_modules": ["down_proj"], "use_rslora": True},
    ],
)
@torch.no_grad()
def test_expert_folder(options, tmp_path):
    model = randomised(get_peft_model(tiny_model(0), LoraConfig(task_type="CAUSAL_LM", **options)), 1)
    model.save_pretrained(tmp_path / "expert")
    pool = AdapterPool(tiny_model(0), {"base": "__base__", "expert": tmp_path / "expert"})
    _, got = pool.prefill(TEXTS, [1, 1, 1, 0])
    want = [model(torch.tensor([text])).logits[0, -1].log_softmax(-1) for text in TEXTS[:3]]
    with model.disable_adapter():
        want.append(model(torch.tensor([TEXTS[3]])).logits[0, -1].log_softmax(-1))
    torch.testing.assert_close(got, torch.stack(want), atol=2e-4, rtol=2e-4)


@torch.no_grad()
def test_reward_models_share_the_base_of_the_experts(tmp_path):
    tiny_model(0).save_pretrained(tmp_path / "base")
    options = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", "modules_to_save": ["score"]}
    models = {}
    for seed, name in enumerate(["kind", "short", "true"]):
        base = AutoModelForSequenceClassification.from_pretrained(tmp_path / "base", num_labels=1)
        base.config.pad_token_id = PAD
        models[name] = randomised(get_peft_model(base, LoraConfig(task_type="SEQ_CLS", **options)), seed)
        models[name].save_pretrained(tmp_path / name)
    pool = AdapterPool(tmp_path / "base", {"expert": random_adapter(tiny_model(0), 5)})
    rewards = SharedRewards(pool.llama, {name: tmp_path / name for name in models})
    which = [2, 0, 1, 2]
    got = rewards.score(TEXTS, which, batch_size=3)
    names = list(models)
    want = [models[names[w]](torch.tensor([text])).logits[0, 0] for text, w in zip(TEXTS, which)]
    torch.testing.assert_close(got, torch.stack(want), atol=2e-4, rtol=2e-4)
    assert rewards.llama is pool.llama
    with pytest.raises(MopeError, match="besides LoRA factors"):
        read_adapter(tmp_path / "kind")


def test_unsupported_adapters_are_refused(tmp_path):
    with pytest.raises(MopeError, match="adapter_config.json: not found"):
        read_adapter(tmp_path)
    model = get_peft_model(tiny_model(0), LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=["q_proj"]))
    model.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    (tmp_path / "adapter_config.json").write_text(json.dumps(config | {"use_dora": True}))
    with pytest.raises(MopeError, match="use_dora is True"):
        read_adapter(tmp_path)
    with pytest.raises(MopeError, match="layers.7.self_attn.q_proj: the base model has no such projection"):
        AdapterPool(tiny_model(0), {"x": {"layers.7.self_attn.q_proj": random_adapter(tiny_model(0), 0).popitem()[1]}})


@pytest.mark.parametrize("experts", [[0, 0, 1, 1, 2, 2], [0, 1, 1, 1, 3], [2], [1, 1], [0, 1, 2, 3]])
def test_batched_products_equal_a_loop_over_rows(experts):
    generator = torch.Generator().manual_seed(0)
    ups = [torch.randn(4, 3, 4, generator=generator), torch.randn(4, 2, 5, generator=generator)]
    parts = (
        LoraPart(slice(0, 3), slice(0, 4), ups[0]),
        LoraPart(slice(3, 5), slice(5, 10), ups[1]),
    )  # column 4 has no adapter
    stack = LoraStack(torch.randn(4, 8, 5, generator=generator), parts, 0)
    x = torch.randn(len(experts), 2, 8, generator=generator)
    y = torch.randn(len(experts), 2, 10, generator=generator)
    want = y.clone()
    for row, expert in enumerate(experts):
        for part in parts:
            want[row, :, part.out] += x[row] @ stack.down[expert][:, part.low] @ part.up[expert]
    AdapterBatch([None, stack], torch.tensor(experts)).add_(y, x, 1)
    torch.testing.assert_close(y, want, atol=1e-5, rtol=1e-5)
