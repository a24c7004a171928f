"""Adapters read from PEFT's own files give PEFT's own results, for experts and for reward models."""

import json

import pytest
import torch
from peft import IA3Config, LoHaConfig, LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from tiny import PAD, random_adapter, tiny_model
from transformers import AutoModelForSequenceClassification

from mope.engine.adapter_config import check_adapter_config
from mope.engine.lora import AdapterBatch, LoraPart, LoraStack, experts_at, read_adapter
from mope.errors import MopeError
from mope.pools.adapters import AdapterPool
from mope.pools.any_family import AnyFamilyPool
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
        {
            "r": 4,
            "lora_alpha": 8,
            "target_modules": "all-linear",
            "rank_pattern": {"q_proj": 2, "layers.1.mlp.up_proj": 6},
        },
        {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "layers_to_transform": [1], "lora_dropout": 0.1},
        {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", "init_lora_weights": "orthogonal"},
    ],
)
@pytest.mark.parametrize("family", ["fast", "any"])
@torch.no_grad()
def test_expert_folder(options, family, tmp_path):
    model = randomised(get_peft_model(tiny_model(0), LoraConfig(task_type="CAUSAL_LM", **options)), 1)
    model.save_pretrained(tmp_path / "expert")
    if family == "fast":
        pool = AdapterPool(tiny_model(0), {"base": "__base__", "expert": tmp_path / "expert"})
    else:
        pool = AnyFamilyPool(tiny_model(0), {"base": None, "expert": tmp_path / "expert"}, torch.float32, "cpu")
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


def test_experts_at_a_strength(tmp_path):
    get_peft_model(tiny_model(0), LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained(tmp_path / "P1A")
    folders = {"P1A": tmp_path / "P1A"}
    assert experts_at(1.0, folders) == folders
    [stronger] = experts_at(2.5, folders).values()
    scales = {name: pair.scale for name, pair in read_adapter(tmp_path / "P1A").items()}
    assert scales and {name: pair.scale / 2.5 for name, pair in stronger.items()} == scales


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


DORA = {"r": 2, "target_modules": ["q_proj"], "use_dora": True}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (LoraConfig(**DORA), "use_dora is True"),
        (LoraConfig(r=2, target_modules=["q_proj"], bias="lora_only"), "bias is 'lora_only', only 'none'"),
        (LoraConfig(r=2, target_modules=["q_proj"], modules_to_save=["lm_head"]), "modules_to_save is .'lm_head'."),
        (LoraConfig(r=2, target_modules=["q_proj"], alpha_pattern={"q_proj": 3}), "alpha_pattern is"),
        (LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights="pissa"), "init_lora_weights is 'pissa'"),
        (LoraConfig(r=2, target_modules=["q_proj"], lora_bias=True), "lora_bias is True"),
        (LoraConfig(r=2, target_modules=["q_proj"], trainable_token_indices=[3]), "trainable_token_indices is"),
        (LoraConfig(r=2, target_modules=["q_proj"], layer_replication=[[0, 2], [1, 2]]), "layer_replication is"),
        (LoHaConfig(r=2, target_modules=["q_proj"]), "peft_type is 'LOHA'|lora_alpha is None"),
        (IA3Config(target_modules=["down_proj"], feedforward_modules=["down_proj"]), "peft_type is 'IA3'|lora_alpha"),
    ],
)
def test_adapters_that_mean_something_else_are_refused(make, said, tmp_path):
    make.save_pretrained(tmp_path)
    with pytest.raises(MopeError, match=f"adapter_config.json: ({said})"):
        read_adapter(tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"new_key_of_a_later_version": 3}, "new_key_of_a_later_version is 3"),
        ({"lora_alpha": None}, "lora_alpha is None, a number above 0"),
        ({"lora_alpha": True}, "lora_alpha is True"),
        ({"peft_type": None}, "peft_type is None, only 'LORA'"),
    ],
)
def test_an_unknown_key_is_refused_unless_it_is_off(changes, said, tmp_path):
    LoraConfig(r=2, target_modules=["q_proj"]).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    check_adapter_config(config | {"new_key_of_a_later_version": None, "another": False}, "x")
    with pytest.raises(MopeError, match=said):
        check_adapter_config(config | changes, "x")


def test_files_of_adapters_that_are_not_whole_are_refused(tmp_path):
    model = get_peft_model(tiny_model(0), LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=["q_proj"]))
    model.save_pretrained(tmp_path)
    file = tmp_path / "adapter_model.safetensors"
    tensors, content = load_file(file), file.read_bytes()
    file.write_bytes(content[:-5])
    with pytest.raises(MopeError, match="adapter_model.safetensors: cannot be read"):
        read_adapter(tmp_path)
    name = next(name for name in tensors if ".lora_B." in name)
    save_file({n: t for n, t in tensors.items() if n != name}, file)
    with pytest.raises(MopeError, match="has no matrix .*lora_B.*pairs of factors"):
        read_adapter(tmp_path)
    save_file({n: t for n, t in tensors.items() if n != name.replace("lora_B", "lora_A")}, file)
    with pytest.raises(MopeError, match="lora_B.*besides LoRA factors"):
        read_adapter(tmp_path)
    file.rename(tmp_path / "adapter_model.bin")
    with pytest.raises(MopeError, match="adapter_model.bin: a pickled adapter"):
        read_adapter(tmp_path)


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
