"""The benchmark of training runs the same step as training, on models of the sizes that it names."""

import pytest
import torch
from tiny_settings import tiny

from mope.benchmark.controller_step import (
    benchmark_controller_step,
    benchmark_requests,
    loaded,
    rebel_step,
    shared_scores,
)
from mope.benchmark.parts import RandomShape, random_parts
from mope.controller.controller_settings import ControllerSettings

SHAPE = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
BODY = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
SETTINGS = tiny(ControllerSettings, "controller", prompts_per_step=9, max_new_tokens=5, epochs=2, micro_batch=4)
FIELDS = """model dtype device experts reward_models answers answer_tokens epochs held_mb rollout_s rollout_mb scoring_s
    scoring_mb update_s update_mb peak_memory_mb""".split()


def make(dtype: torch.dtype, device: str):
    return random_parts("tiny", RandomShape(SHAPE, BODY), 0, dtype, device)


def test_records() -> None:
    [record, again] = benchmark_controller_step([make, make], SETTINGS)
    assert list(record) == list(again) == FIELDS
    assert (record["model"], record["experts"], record["reward_models"], record["answers"]) == ("tiny", 6, 6, 18)
    parts = [record[f"{part}_mb"] for part in ("rollout", "scoring", "update")]
    assert record["peak_memory_mb"] == max(parts) and record["held_mb"] > 0
    assert all(record[f"{part}_s"] > 0 for part in ("rollout", "scoring", "update"))


def test_the_reward_models_are_on_the_base_of_the_experts() -> None:
    pool, rewards, controller = loaded(make(torch.float32, "cpu"), "cpu")
    assert rewards.llama is pool.llama and rewards.names == pool.names
    assert {weight.dtype for weight in controller.parameters()} == {torch.float32}


def test_a_step_covers_all_combinations_and_changes_the_controller() -> None:
    pool, rewards, controller = loaded(make(torch.float32, "cpu"), "cpu")
    requests = benchmark_requests(pool, SETTINGS)
    assert len({tuple(request.experts) for request in requests}) == 8
    assert [request.prompts for request in requests[::2]] == [request.prompts for request in requests[1::2]]
    before = controller.head.weight.detach().clone()
    rebel_step(pool, rewards, controller, torch.optim.AdamW(controller.parameters(), lr=0.1), SETTINGS)
    assert not torch.equal(before, controller.head.weight)


def test_rewards_are_means_over_the_combination() -> None:
    pool, rewards, _ = loaded(make(torch.float32, "cpu"), "cpu")

    class Written:
        tokens = [5, 6]

    [request] = benchmark_requests(pool, SETTINGS)[:1]
    text = [*request.controller_ids, 5, 6, 0]
    by_hand = sum(torch.sigmoid(rewards.score([text], [expert])).item() for expert in request.experts) / 3
    assert shared_scores(rewards, [request], [Written]).item() == pytest.approx(by_hand)
