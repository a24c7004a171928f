"""The plan's arithmetic against real models and recorded peaks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen2Config

from mope import preferences
from mope.config.load import load_config
from mope.config.plan import base_config, controller_parameters, shape_of, stages
from mope.decoding.pool import MOST_REQUESTS, fitting
from mope.decoding.request import Request
from mope.judging.price import cost, count_comparisons
from mope.pools.adapters import BASE, AdapterPool

TULU = {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_attention_heads": 32}
GUIDED = {"kind": "guided", "prompt": "all", "strength": 1.0, "top_k": 5}
TULU |= {"num_hidden_layers": 32, "num_key_value_heads": 32, "vocab_size": 32000, "tie_word_embeddings": False}


def planned(root: Path, command_line: dict, on_gpu: bool = False) -> dict:
    config = load_config(root, command_line)
    active = preferences.load_preferences(root / "workflow/prompts/preferences.yaml", config["preferences"])
    base = shape_of(base_config(config, []), 2 if on_gpu else 4)
    controller = controller_parameters(config, base_config(config, []), None)
    return {stage.name: stage for stage in stages(config, active, base, controller, on_gpu)}


def test_memory_is_within_a_fifth_of_the_peaks_of_the_reference_run(root: Path) -> None:
    peaks = pd.read_csv(root / "results/reference/timings.csv").set_index("rule").peak_memory_mb
    plan = planned(root, {})
    compared = [name for name in plan if name in peaks.index]
    assert {"train_base", "train_reward", "train_expert", "train_controller", "generate", "score"} <= set(compared)
    for name in compared:
        assert plan[name].memory == pytest.approx(peaks[name] * 2**20, rel=0.2), name


def test_parameters_are_those_of_the_real_models(root: Path) -> None:
    config = Qwen2Config(
        vocab_size=99, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2
    )
    shape = shape_of(config, 4)
    model = AutoModelForCausalLM.from_config(config)
    assert shape.parameters == model.num_parameters()
    assert shape.key_values == 16
    peft = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear"))
    assert shape.adapter(4) == peft.get_nb_trainable_parameters()[0]


def test_jobs_and_tokens_by_hand(root: Path) -> None:
    plan = planned(root, {"experiment": "smoke"})
    assert {name: plan[name].jobs for name in ("train_expert", "train_controller", "generate")} == {
        "train_expert": 4,
        "train_controller": 1,
        "generate": 5,
    }
    assert plan["train_expert"].tokens == 4 * 2 * (2 * 2) * 16
    assert plan["generate"].tokens == 5 * 4 * 2 * 16  # methods, prompts, combinations, new tokens
    config = load_config(root, {"experiment": "smoke"})
    active = preferences.load_preferences(root / "workflow/prompts/preferences.yaml", config["preferences"])
    assert count_comparisons(config, active) == 10 * 4 * 2 * 3 * 2  # pairs, prompts, combinations, preferences, orders


def test_guided_decoding_reads_every_candidate(root: Path) -> None:
    plain, guided = planned(root, {}), planned(root, {"methods": {"guided": GUIDED}})
    answers = 100 * 8 * 112  # prompts of both sets, combinations, tokens
    assert guided["generate"].tokens - plain["generate"].tokens == answers * (1 + 3 * (1 + 2 * 5))
    assert guided["generate"].memory > plain["generate"].memory


def test_fronts_answer_once_per_weight(root: Path) -> None:
    plan = planned(root, {"experiment": "fronts"})
    assert plan["generate_front"].jobs == plan["score_front"].jobs == 8
    answers = (7 + 3) * 50 * 2 * 15  # rows, one of them with three seeds; prompts, combinations, weights
    assert plan["generate_front"].tokens == answers * 112 and plan["score_front"].tokens == 3 * answers * 112
    assert "generate_front" not in planned(root, {})


def test_what_runs_beside_each_other_needs_more_jobs_and_less_memory(root: Path) -> None:
    one = planned(root, {})
    many = planned(root, {"devices": {"expert": 4, "controller": 4, "reward": 2}, "shards": {"responses": 3}})
    assert many["generate"].jobs == 3 * (one["generate"].jobs - 1) + 1  # the best expert is chosen in one job
    for name in ("train_reward", "train_expert", "train_controller"):
        assert many[name].memory < one[name].memory, name


def test_a_judge_that_is_bought_costs_its_tokens() -> None:
    judge = {"kind": "chat", "max_characters": 3500, "max_tokens": 5, "price_input": 2.0, "price_output": 10.0}
    assert cost(judge, 1000, 100, 350) == pytest.approx(1000 * ((2 * 100 + 760 + 100) * 2.0 + 5 * 10.0) / 1e6)
    assert cost({"kind": "rubric", "dead_band": 0.1}, 1000, 100, 350) == 0


def test_seven_billion_parameters_are_planned_without_one_of_them(root: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(TULU))
    command = [sys.executable, "workflow/scripts/plan.py", "--experiment", "paper", "--base", tmp_path, "--gpu"]
    environment = os.environ | {"PYTHONPATH": "workflow"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "6,738.4 M parameters" in done.stdout
    assert "judge gpt: 249,600 questions, at most 1,489.76 to pay" in done.stdout
    peaks = [
        float(line.split("|")[4]) for line in done.stdout.splitlines() if line.startswith("| ") and "stage" not in line
    ]
    assert max(peaks) < 80, done.stdout  # fits the GPUs that the experiment is for


def test_a_gpu_decodes_as_many_requests_as_it_has_room_for() -> None:
    config = LlamaConfig(
        vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48
    )
    pool = AdapterPool(LlamaForCausalLM(config), {"a": BASE})
    state, _ = pool.prefill([[1, 2, 3]], [0])
    keys = state.cache.data
    assert pool.bytes_per_token == keys.numel() // keys.shape[4] * keys.element_size()
    requests = [Request([0, 1, 2], [[1] * 100] * 3, max_new_tokens=28, seed=0)]
    each = 2 * 3 * 128 * 1000
    assert fitting(10 * each, requests, 1000) == 8
    assert fitting(each, requests, 1000) == 1
    assert fitting(10**6 * each, requests, 1000) == pool.room(requests) == MOST_REQUESTS
    assert pool.device == torch.device("cpu")
