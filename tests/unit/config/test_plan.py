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
from mope.config.controllers import controller_section, names_in_use
from mope.config.load import load_config
from mope.config.model_configs import base_config, controller_config
from mope.config.plan import planned_controller, shape_of, stages
from mope.decoding.pool import MOST_REQUESTS, fitting
from mope.decoding.request import Request
from mope.errors import MopeError
from mope.judging.price import cost, count_comparisons
from mope.pools.adapters import BASE, AdapterPool

TULU = {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_attention_heads": 32}
GUIDED = {"kind": "guided", "prompt": "all", "strength": 1.0, "top_k": 5}
TULU |= {"num_hidden_layers": 32, "num_key_value_heads": 32, "vocab_size": 32000, "tie_word_embeddings": False}
SMALL = TULU | {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_key_value_heads": 12}
SMALL |= {"num_hidden_layers": 12}  # the controller of the paper


def planned(root: Path, command_line: dict, on_gpu: bool = False) -> dict:
    config = load_config(root, command_line)
    active = preferences.load_preferences(root / "workflow/prompts/preferences.yaml", config["preferences"])
    model = base_config(config, [])
    base = shape_of(model, 2 if on_gpu else 4)
    sections = [controller_section(config, name) for name in names_in_use(config)]
    controllers = [planned_controller(section, controller_config(section, model, None)) for section in sections]
    return {stage.name: stage for stage in stages(config, active, base, controllers, on_gpu)}


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


def test_each_controller_is_counted_in_its_own_shape(root: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(SMALL))
    base = base_config(load_config(root, {}), [])
    section = load_config(root, {})["controller"]

    def rest(body: LlamaConfig) -> int:
        return planned_controller(section, body).parameters - base.vocab_size * body.hidden_size

    scratch = controller_config(section, base, None)
    assert (scratch.vocab_size, scratch.hidden_size, scratch.num_hidden_layers) == (5120, 64, 2)
    assert rest(scratch) == 2 * (4 * 64 * 64 + 3 * 64 * 192 + 2 * 64) + 64
    hub = {"id": "org/small", "revision": "a" * 40}
    for own in ({"path": str(tmp_path)}, {"hub": hub}):
        whole = controller_config(section | own, base, tmp_path if "hub" in own else None)
        assert (whole.vocab_size, whole.hidden_size, whole.num_hidden_layers) == (5120, 768, 12)
        assert rest(whole) == 12 * (4 * 768 * 768 + 3 * 768 * 3072 + 2 * 768) + 768
    grown = controller_config(section | {"start": "base", "layers": 1}, base, None)
    assert (grown.hidden_size, grown.num_hidden_layers) == (base.hidden_size, 1)
    assert controller_config(section | {"start": "embeddings"}, base, None).hidden_size == 64
    constant = planned_controller(section, controller_config(section | {"reads": "combination"}, base, None))
    assert (constant.parameters, constant.layers) == (0, 0)
    (tmp_path / "config.json").write_text(json.dumps(SMALL | {"model_type": "qwen2"}))
    with pytest.raises(MopeError, match="a model of type qwen2 found, one of type llama is expected"):
        controller_config(section | {"path": str(tmp_path)}, base, None)


def test_variants_of_the_controller_add_their_tokens(root: Path) -> None:
    wide = {"controllers": {"wide": {"hidden": 128, "steps": 60}}}
    wide["methods"] = {"wide": {"kind": "mix", "mixer": "controller", "controller": "wide", "prompt": "own"}}
    one, both = planned(root, {}), planned(root, wide)
    assert both["train_controller"].jobs == 2 * one["train_controller"].jobs == 6
    assert both["train_controller"].tokens == 3 * one["train_controller"].tokens  # twice the steps
    assert both["train_controller"].parameters > one["train_controller"].parameters
    assert (both["train_body"].jobs, one["train_body"].jobs) == (2, 1)
    assert both["train_body"].tokens == 2 * one["train_body"].tokens


def test_a_model_that_is_not_there_is_not_counted_as_another(root: Path, tmp_path: Path) -> None:
    config = load_config(root, {"base": {"path": "later"}}, present=False)
    with pytest.raises(MopeError, match="base.path: later/config.json does not exist; .* PLAN='--base <folder"):
        base_config(config, [Path("later")])
    (tmp_path / "config.json").write_text('{"model_type": "no-such"}')
    with pytest.raises(MopeError, match="no-such.*; the configuration of a model that transformers knows"):
        base_config(config, [tmp_path])


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
    (tmp_path / "small").mkdir()
    (tmp_path / "small/config.json").write_text(json.dumps(SMALL))
    command = [sys.executable, "workflow/scripts/plan.py", "--experiment", "paper", "--base", tmp_path, "--gpu"]
    command += ["--controller", tmp_path / "small"]
    environment = os.environ | {"PYTHONPATH": "workflow"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "6,738.4 M parameters" in done.stdout
    own = next(line.split("|") for line in done.stdout.splitlines() if line.startswith("| train_controller"))
    layer = 4 * 768 * 768 + 3 * 768 * 3072 + 2 * 768  # attention, MLP, two norms
    assert own[3].strip() == f"{(32000 * 768 + 12 * layer + 768) / 1e6:,.2f}"
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
