"""bfloat16 computes what float32 does, to within rounding, in decoding, scoring and training."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tiny_settings import tiny
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from mope import preferences
from mope.controller.train import ControllerSettings, train_controller
from mope.decoding.loop import decode
from mope.decoding.mixers.probability import Probability
from mope.decoding.request import Request
from mope.decoding.sampling import Sampling
from mope.decoding.turn_ends import TurnEnds
from mope.pools.adapters import BASE, AdapterPool
from mope.pools.open_pool import open_pool
from mope.rewards.reward_model import RewardModel
from mope.runtime.precision import device, dtype_of
from mope.training.checkpoints import Checkpoints
from mope.training.expert import ExpertSettings, task, train_expert
from mope.training.reward import RewardSettings, train_reward
from mope.training.tokenizer import train_tokenizer

WORDS = "the sky is blue because light of short waves is scattered by the air and rain is water that falls from clouds"
PROMPTS = [f"Why is the {word}?" for word in WORDS.split()]
FEEDBACK = pd.DataFrame(
    [(str(i), p, "Rain falls from clouds.", "The sky is blue.") for i, p in enumerate(PROMPTS)],
    columns=["prompt_id", "prompt", "chosen", "rejected"],
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LLaMA of random weights, so large that its distributions have a clear mode."""
    folder, tokenizer = tmp_path_factory.mktemp("base"), train_tokenizer([WORDS], 320)
    torch.manual_seed(0)
    shape = {"vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3}
    ids = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    config = LlamaConfig(**shape, **ids, num_attention_heads=4, num_key_value_heads=2, initializer_range=0.2)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def saved(tmp_path: Path) -> Iterator[Checkpoints]:
    """Checkpoints that are never due."""
    return Checkpoints(tmp_path / "checkpoints", 1000)


def test_auto_is_bfloat16_where_there_are_instructions_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def on(**capabilities: bool) -> torch.dtype:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
        return dtype_of("auto", "cpu")

    assert on(avx512_bf16=True, amx_bf16=False) == torch.bfloat16
    assert on(avx512_bf16=False, amx_bf16=True) == torch.bfloat16
    assert on(avx512_bf16=False, avx2=True) == torch.float32
    assert on() == torch.float32
    assert dtype_of("float32", "cpu") == torch.float32
    assert dtype_of("bfloat16", "cpu") == torch.bfloat16


def test_apple_gpus_come_after_cuda_and_before_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for cuda, mps in ((True, True), (False, True), (False, False)):
        monkeypatch.setattr(torch.cuda, "is_available", lambda cuda=cuda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda mps=mps: mps)
        found.append(device())
    assert found == ["cuda", "mps", "cpu"]
    assert dtype_of("auto", "mps") == torch.float32 and dtype_of("bfloat16", "mps") == torch.bfloat16


def test_the_next_token_is_the_same_but_for_rounding(base: Path) -> None:
    """Along greedy answers of the float32 model: log-probabilities of its tokens, and how often bfloat16 agrees."""
    ids = AutoTokenizer.from_pretrained(base)(PROMPTS)["input_ids"]
    pools = {precision: open_pool(base, {"base": BASE}, precision) for precision in ("float32", "bfloat16")}
    requests = [Request([0], [prompt], max_new_tokens=16, min_new_tokens=16, seed=0) for prompt in ids]
    answers = decode(pools["float32"], Probability(), requests, Sampling(temperature=0), TurnEnds((2,), 0))
    found = {name: [[] for _ in ids] for name in pools}
    with torch.inference_mode():
        for name, pool in pools.items():
            state, logprobs = pool.prefill(ids, [0] * len(ids))
            for t in range(16):
                for row, before in zip(found[name], logprobs, strict=True):
                    row.append(before)
                logprobs = pool.step(state, torch.tensor([answer.tokens[t] for answer in answers]))
    full, half = (torch.stack([torch.stack(row) for row in rows]) for rows in found.values())  # (B, T, V)
    tokens = torch.tensor([answer.tokens for answer in answers])[:, :, None]
    chosen = full.gather(2, tokens), half.gather(2, tokens)
    assert not torch.equal(*chosen)
    assert (chosen[0] - chosen[1]).abs().mean() < 0.05
    assert (full.argmax(2) == half.argmax(2)).float().mean() > 0.9
    kl = (full.exp() * (full - half)).sum(2)
    assert kl.mean() < 0.01


def test_reward_models_trained_and_read_in_bfloat16_rank_alike(base: Path, saved: Checkpoints, tmp_path: Path) -> None:
    models, accuracy = [], []
    for precision in ("float32", "bfloat16"):
        out = tmp_path / precision
        settings = tiny(RewardSettings, "reward", batch=4, held_out=0.3, epochs=6, precision=precision)
        accuracy.append(train_reward(base, FEEDBACK, settings, saved, out)["accuracy"])
        models.append(RewardModel(base, out, precision=precision))
        kept = load_file(out / "adapter_model.safetensors")
        assert {tensor.dtype for tensor in kept.values()} == {torch.float32}
    assert accuracy == [1.0, 1.0]
    one, other = models[0], RewardModel(base, tmp_path / "float32", precision="bfloat16")
    gaps = [model.score(PROMPTS, FEEDBACK.chosen) - model.score(PROMPTS, FEEDBACK.rejected) for model in (one, other)]
    assert torch.allclose(*gaps, rtol=0.1, atol=0.1)
    assert not torch.equal(*gaps)


def test_an_expert_trained_in_bfloat16_earns_its_reward(base: Path, saved: Checkpoints, tmp_path: Path) -> None:
    def short(prompts: list[str], answers: list[str], _: list[str]) -> torch.Tensor:
        return -torch.tensor([float(len(answer)) for answer in answers])

    changes = {"steps": 12, "max_new_tokens": 12, "kl": 0.0, "learning_rate": 0.02}
    settings = tiny(ExpertSettings, "expert", prompts_per_step=4, generations=4, precision="bfloat16", **changes)
    curve = train_expert(base, short, [task(p, [], "P1A") for p in PROMPTS], settings, saved, tmp_path / "expert")
    assert curve.reward[-3:].mean() > curve.reward[:3].mean() + 3
    kept = load_file(tmp_path / "expert/adapter_model.safetensors")
    assert {tensor.dtype for tensor in kept.values()} == {torch.float32}


def test_a_controller_trained_in_bfloat16_fits_what_one_in_float32_does(
    root: Path, base: Path, saved: Checkpoints, tmp_path: Path
) -> None:
    active = preferences.load_preferences(root / "workflow/prompts/preferences.yaml", ["P1A", "P1B", "P2A", "P3A"])
    tokenizer, xis = AutoTokenizer.from_pretrained(base), active.combinations()
    pool = AdapterPool(base, dict.fromkeys(active.ids, BASE))
    chosen = {"prompts_per_step": 4, "epochs": 2, "max_new_tokens": 8, "expert_prompt": "own", "steps": 1}

    def letters(prompts: list[str], answers: list[str], *_) -> torch.Tensor:
        return torch.tensor([float(answer.count("e")) for answer in answers])

    curves = []
    for precision in ("float32", "bfloat16"):
        settings = tiny(ControllerSettings, "controller", precision=precision, **chosen)
        out = tmp_path / precision
        ends = TurnEnds((tokenizer.eos_token_id,), tokenizer.pad_token_id)
        curve = train_controller(tokenizer, pool, letters, PROMPTS, xis, active, settings, saved, out, ends=ends)
        curves.append(curve.iloc[0])
        assert {weight.dtype for weight in load_file(out / "model.safetensors").values()} == {torch.float32}
    assert curves[0].reward == curves[1].reward  # the same answers: both begin with uniform weights
    assert curves[0].loss == pytest.approx(curves[1].loss, rel=1e-4)
    assert curves[0].last_loss == pytest.approx(curves[1].last_loss, rel=0.05)
    assert curves[0].last_loss != curves[1].last_loss
