"""The benchmark's systems compute the same mixture, and its records have the promised fields."""

import argparse
from functools import partial

import pytest
import torch
from tiny import ALL_LINEAR

from mope.benchmark.decoding_steps import BenchmarkSettings, benchmark_decoding, build_systems, copies, step
from mope.benchmark.memory import Peak, bytes_of, cache_bytes
from mope.benchmark.parts import (
    SHAPES,
    RandomShape,
    benchmark_options,
    chosen_models,
    combinations,
    peft_model,
    random_parts,
)
from mope.benchmark.systems import MixedBatchPool, SplitPool
from mope.errors import MopeError
from mope.pools.adapters import BASE, AdapterPool

SHAPE = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
BODY = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
FIELDS = """system model dtype device requests experts_per_request ms_per_step ms_per_step_q25 ms_per_step_q75
    ms_per_step_rounds
    ratio_to_single ratio_to_transformers tokens_per_s peak_memory_mb floor_ratio""".split()
SYSTEMS = "single single_transformers single_rows sequential per_expert peft mope soup_merged soup_batch".split()


def tiny_parts(dtype=torch.float32, device="cpu", experts=6):
    return random_parts("tiny", RandomShape(SHAPE, BODY, 4, ALL_LINEAR), 0, dtype, device, experts)


def test_records():
    counts = {"requests": [1, 9], "steps": 2, "rounds": 3, "threads": 1}
    settings = BenchmarkSettings(seed=0, models=["tiny"], dtypes=["float32", "bfloat16"], **counts)
    records = list(benchmark_decoding([tiny_parts], settings, "cpu"))
    assert [list(record) for record in records] == [FIELDS] * len(records)
    assert [record["system"] for record in records] == SYSTEMS * 4
    assert all(record["ratio_to_single"] == 1 for record in records if record["system"] == "single")
    assert all(record["ratio_to_transformers"] == 1 for record in records if record["system"] == "single_transformers")
    assert all(sorted(record["ms_per_step_rounds"])[1] == record["ms_per_step"] for record in records)
    assert all(record["ms_per_step"] > 0 and record["peak_memory_mb"] > 0 for record in records)


@torch.no_grad()
def test_every_way_of_running_the_experts_gives_the_same_distributions():
    parts = tiny_parts()
    experts = [expert for members in combinations(list(parts.adapters)) for expert in members]
    prompts = [[5 + row % 7, 9, 4 + row % 3][: 1 + row % 3] for row in range(len(experts))]
    pool = AdapterPool(parts.base, parts.adapters)
    split = [SplitPool(pool, lambda row, expert: row % 3), SplitPool(pool, lambda row, expert: expert)]
    tokens = torch.arange(len(experts)) % 60
    results = []
    for each in [pool, *split, MixedBatchPool(peft_model(parts), tuple(parts.adapters))]:
        state, first = each.prefill(prompts, experts)
        results.append((first, each.step(state, tokens)))
    for first, second in results[1:]:
        torch.testing.assert_close(first, results[0][0], atol=2e-4, rtol=2e-4)
        torch.testing.assert_close(second, results[0][1], atol=2e-4, rtol=2e-4)


def test_peft_computes_in_the_dtype_of_the_base():
    model = peft_model(tiny_parts(torch.bfloat16))
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}


def test_bytes_by_hand():
    parts = tiny_parts()
    base = AdapterPool(parts.base, {"base": BASE})
    assert bytes_of(base) == 4 * (2 * (4 * 32 * 32 + 3 * 32 * 48) + 64 * 32)
    factors = 4 * (4 * (32 + 32) + 3 * (32 + 48))
    assert bytes_of(AdapterPool(parts.base, parts.adapters)) == 4 * 6 * 2 * factors
    assert cache_bytes(base.llama, 10) == 2 * 2 * 10 * 32 * 4


def test_peak_of_memory():
    peak = Peak("cpu")
    block = torch.ones(64 * 2**20)
    del block
    assert 200 * 2**20 < peak.growth() < 400 * 2**20


def test_systems_share_one_task():
    systems = build_systems(tiny_parts(), 8, "cpu", 0, 4)
    mope = [system for system in systems if system.experts == 3]
    assert len({system.floor for system in mope}) == 1


@torch.inference_mode()
def test_the_base_alone_runs_as_many_rows_as_the_mixture():
    systems = {system.name: system for system in build_systems(tiny_parts(), 9, "cpu", 0, 4)}
    rows = {name: sum(len(batch.logprobs) for batch in systems[name].prefill()) for name in SYSTEMS}
    assert rows["single_rows"] == rows["mope"] == 27 and rows["single"] == 9
    assert systems["single"].floor < systems["single_rows"].floor < systems["mope"].floor


@torch.inference_mode()
@pytest.mark.parametrize("name", SYSTEMS)
def test_rounds_take_the_same_steps_from_prompts_read_once(name):
    system = next(system for system in build_systems(tiny_parts(), 9, "cpu", 0, 4) if system.name == name)
    begun_from, rounds = system.prefill(), []
    for _ in range(2):
        batches = copies(begun_from)
        assert all(batch.pool is pool for batch, (pool, _) in zip(batches, system.groups, strict=True))
        for _ in range(3):
            step(batches)
        rounds.append(torch.cat([batch.logprobs for batch in batches]))
    afresh = system.prefill()
    for _ in range(3):
        step(afresh)
    torch.testing.assert_close(rounds[0], rounds[1], rtol=0, atol=0)
    torch.testing.assert_close(rounds[0], torch.cat([batch.logprobs for batch in afresh]), rtol=0, atol=0)


def test_with_four_dimensions_mixtures_of_four_and_of_three_experts_are_timed_in_the_same_rounds():
    counts = {"requests": [1, 17], "steps": 2, "rounds": 3, "threads": 1}
    settings = BenchmarkSettings(seed=0, models=["tiny"], dtypes=["float32"], **counts)
    records = list(benchmark_decoding([partial(tiny_parts, experts=8)], settings, "cpu"))
    place = SYSTEMS.index("mope") + 1
    assert [record["system"] for record in records] == [*SYSTEMS[:place], "mope_fewer", *SYSTEMS[place:]] * 2
    experts = {record["system"]: record["experts_per_request"] for record in records}
    assert (experts["mope"], experts["peft"], experts["mope_fewer"], experts["single"]) == (4, 4, 3, 1)
    assert {len(record["ms_per_step_rounds"]) for record in records} == {3}


@torch.inference_mode()
def test_the_experts_of_the_first_three_dimensions_share_the_pool_of_all():
    systems = {system.name: system for system in build_systems(tiny_parts(experts=8), 17, "cpu", 0, 4)}
    used = {name: {tuple(r.experts) for _, own in systems[name].groups for r in own} for name in ("mope", "mope_fewer")}
    assert (len(used["mope"]), len(used["mope_fewer"])) == (16, 8)
    assert {expert for members in used["mope"] for expert in members} == set(range(8))
    assert {expert for members in used["mope_fewer"] for expert in members} == set(range(6))
    assert systems["mope_fewer"].floor < systems["mope"].floor and systems["mope_fewer"].held == systems["mope"].held


def test_combinations_take_one_of_two_experts_per_dimension():
    assert combinations([*"abcdef"]) == [[a, 2 + b, 4 + c] for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    four = combinations([*"abcdefgh"])
    assert len({tuple(members) for members in four}) == 16
    assert all([expert // 2 for expert in members] == [0, 1, 2, 3] for members in four)
    for names in ([*"abcde"], [*"ab"], [*"abcdefghij"]):
        with pytest.raises(MopeError, match="two experts in each of 3 or 4 dimensions"):
            combinations(names)


def test_shapes_have_the_sizes_that_they_are_named_by():
    for name, millions, share in (("llama-136m", 134, 0.026), ("llama-7b", 6738, 0.016)):
        parts = random_parts(name, SHAPES[name], 0, torch.bfloat16, "meta")
        size = sum(weight.numel() for weight in parts.base.parameters())
        assert round(size / 1e6) == millions
        assert round(sum(weight.numel() for weight in parts.controller.parameters()) / size, 3) == share
        assert len(parts.adapters) == 6


def test_models_are_chosen_by_name_and_their_artifacts_are_inputs(tmp_path):
    parser = argparse.ArgumentParser()
    benchmark_options(parser)
    makes, inputs = chosen_models(["llama-136m"], 0, parser.parse_args([]))
    assert [make.args[0] for make in makes] == ["llama-136m"] and inputs == []
    given = ["--base", str(tmp_path / "base"), "--experts", f"P1A={tmp_path}", "--controller", str(tmp_path)]
    made = chosen_models(["llama-136m"], 0, parser.parse_args(given))[0]  # the run has no part in it
    assert made[0].keywords == {"experts": 6}
    with pytest.raises(MopeError, match="base: missing"):
        chosen_models(["llama-136m", "run"], 0, parser.parse_args(given))
