"""The controller model and its training, on tiny random models."""

import math

import numpy as np
import pytest
import torch
from transformers import AutoModel

from mope.controller.controller_settings import ControllerSettings
from mope.controller.mixture_logprobs import answer_logprobs
from mope.controller.pcm import PreferenceController, PreferenceControllerConfig
from mope.controller.rollout import rollout_of
from mope.controller.train import reward_agreement, update
from mope.decoding.request import Answer, Request
from mope.errors import MopeError
from mope.training.reward import calibration_error, check_accuracy

IDS = ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"]


def controller() -> PreferenceController:
    torch.manual_seed(0)
    return PreferenceController(
        PreferenceControllerConfig(
            experts=IDS, vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
        )
    )


def settings(**changes) -> ControllerSettings:
    shape = {"start": "random", "hidden": 16, "layers": 2, "heads": 2, "intermediate": 32}
    training = {"eta": 10.0, "kl": 0.0, "learning_rate": 1e-2, "steps": 1, "prompts_per_step": 2, "epochs": 30}
    rest = {
        "seed": 0,
        "temperature": 1.0,
        "tempers": "experts",
        "max_new_tokens": 8,
        "objective": "rebel",
        "clip": 0.2,
        "reward": "bt",
    }
    rest |= {
        "expert_prompt": "own",
        "expert_strength": 1.0,
        "reads": "text",
        "mixes": "combination",
        "scores": "outputs",
        "space": "probability",
    }
    rest |= {"combinations": None, "weights": None, "micro_batch": None}
    return ControllerSettings(**(shape | training | rest | changes))


def rollout(reward: list[float]):
    torch.manual_seed(1)
    requests = [Request([0, 1, 2], [[1]] * 3, controller_ids=list(range(3, 3 + n))) for n in (4, 4, 6, 6)]
    answers = []
    for length in (3, 5, 2, 4):
        experts = torch.log_softmax(torch.randn(length, 3), -1)
        mixed = torch.logsumexp(experts - math.log(3), -1)
        answers.append(Answer(tokens=[7] * length, expert_logprobs=experts, logprob=mixed))
    return rollout_of(requests, answers, [[0, 2, 4]] * 4, torch.tensor(reward), pad_id=0)


def test_untrained_controller_is_uniform_and_round_trips(tmp_path):
    model = controller()
    ids = torch.randint(0, 50, (2, 7))
    assert torch.equal(model(ids).logits, torch.zeros(2, 7, 6))
    torch.nn.init.normal_(model.head.weight)
    model.save_pretrained(tmp_path)
    again = AutoModel.from_pretrained(tmp_path).eval()
    assert isinstance(again, PreferenceController)
    assert list(again.config.experts) == IDS
    assert torch.equal(again(ids).logits, model.eval()(ids).logits)


def test_collected_logits_are_those_before_each_token():
    model = controller()
    torch.nn.init.normal_(model.head.weight)
    batch = rollout([0.0] * 4)
    logits = batch.logits(model)
    assert logits.shape == (4, 5, 3)
    alone = torch.tensor([[3, 4, 5, 6, 7, 7, 7, 7, 7]])  # request 1: prompt of 4, answer of 5 tokens
    expected = model(alone).logits[0, 3:8][:, [0, 2, 4]]
    assert torch.allclose(logits[1], expected, atol=1e-5)


def test_recorded_and_recomputed_log_probabilities_agree_before_the_first_update():
    model, batch = controller(), rollout([0.9, 0.1, 0.5, 0.5])
    row = update(model, torch.optim.SGD(model.parameters(), lr=0.0), batch, settings(epochs=1))
    assert row["ratio"] == pytest.approx(0.0, abs=1e-5)
    assert row["loss"] == pytest.approx((0.8**2 + 0.0) / 2, rel=1e-4)
    assert row["entropy"] == pytest.approx(math.log(3), rel=1e-4)


def test_in_logit_space_the_ratio_begins_at_one_too():
    """The decoder normalises over the vocabulary, an update over the recorded tokens: the ratio needs one measure."""
    torch.manual_seed(2)
    requests = [Request([0, 1, 2], [[1]] * 3, controller_ids=[3, 4, 5])] * 2
    alphas = torch.zeros(4, 6)
    alphas[:, [0, 2, 4]] = 1 / 3
    answers = []
    for length in (3, 4):
        every = torch.log_softmax(torch.randn(length, 40, 3), dim=1)  # (T, tokens, k); 10 of the 40 are recorded
        logprob = every.mean(-1).log_softmax(-1)[:, 0]
        own = {"tokens": [7] * length, "alphas": alphas[:length], "logprob": logprob}
        answers.append(Answer(**own, expert_logprobs=every[:, 0], other_logprobs=every[:, 1:10]))
    batch = rollout_of(requests, answers, [[0, 2, 4]] * 2, torch.tensor([0.9, 0.1]), pad_id=0)
    assert not torch.allclose(batch.old_logprob[0], torch.stack([answer.logprob.sum() for answer in answers]))
    model = controller()
    row = update(model, torch.optim.SGD(model.parameters(), lr=0.0), batch, settings(epochs=1, space="logit"))
    assert row["ratio"] == pytest.approx(0.0, abs=1e-5) and row["kl"] == pytest.approx(0.0, abs=1e-5)


def test_update_moves_the_log_ratio_towards_eta_times_the_reward_gap():
    model, batch = controller(), rollout([0.55, 0.45, 0.5, 0.5])
    row = update(model, torch.optim.AdamW(model.parameters(), lr=1e-2), batch, settings(eta=5.0))
    assert row["last_loss"] < 0.2 * row["loss"]


def test_agreement_is_the_correlation_of_the_gaps_of_pairs():
    divergence = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.5, 0.5]])  # gaps 1, -2, 0
    reward = torch.tensor([[0.9, 0.1], [0.1, 0.3], [0.2, 0.8]])  # gaps 0.8, -0.2, -0.6
    assert reward_agreement(divergence, reward) == pytest.approx(np.corrcoef([1, -2, 0], [0.8, -0.2, -0.6])[0, 1])
    assert reward_agreement(divergence, divergence) == pytest.approx(1)
    assert reward_agreement(torch.zeros(3, 2), reward) == 0 == reward_agreement(divergence[:1], reward[:1])
    row = update(controller(), torch.optim.SGD([torch.zeros(1)]), rollout([0.9, 0.1, 0.5, 0.5]), settings(epochs=1))
    assert row["agreement"] == 0  # the controller is the uniform mixture yet


def test_ppo_raises_the_probability_of_the_better_answer():
    model, batch = controller(), rollout([0.9, 0.1, 0.5, 0.5])
    row = update(model, torch.optim.AdamW(model.parameters(), lr=1e-2), batch, settings(objective="ppo", epochs=5))
    assert row["loss"] == pytest.approx(-(3 - 5) / 14 * math.sqrt(3 / 2), rel=1e-4)  # A = +-sqrt(3/2), 0, 0; rho = 1
    logprob = answer_logprobs(batch.logits(model), batch.expert_logprobs, batch.present).view(-1, 2)
    gain = logprob - batch.old_logprob
    assert gain[0, 0] > 0.001 > -0.001 > gain[0, 1]


def test_calibration_error_by_hand():
    # 0.75 sure and right half of the time: |0.5 - 0.75|; 0.95 sure and always right: |1 - 0.95|.
    probability = torch.tensor([0.75, 0.25, 0.95, 0.95])
    assert calibration_error(probability) == pytest.approx(0.5 * 0.25 + 0.5 * 0.05, abs=1e-6)


def test_reward_model_below_its_gate_stops():
    check_accuracy("P1A", {"accuracy": 0.9, "n_pairs": 100}, 0.85)
    with pytest.raises(
        MopeError, match="reward P1A: held-out accuracy 0.800 on 100 pairs is below reward.min_accuracy"
    ):
        check_accuracy("P1A", {"accuracy": 0.8, "n_pairs": 100}, 0.85)


def test_the_size_of_the_backward_pass_changes_nothing_but_rounding():
    weights, rows = [], []
    for micro in (None, 1):
        model, batch = controller(), rollout([0.55, 0.45, 0.5, 0.7])
        rows.append(
            update(model, torch.optim.SGD(model.parameters(), lr=0.1), batch, settings(epochs=3, micro_batch=micro))
        )
        weights.append(torch.cat([parameter.flatten() for parameter in model.parameters()]))
    assert torch.allclose(*weights, atol=1e-6)
    assert rows[0] == pytest.approx(rows[1], abs=1e-5)


def test_a_part_holds_no_padding_that_all_of_its_answers_share():
    model, batch = controller(), rollout([0.55, 0.45, 0.5, 0.7])
    torch.nn.init.normal_(model.head.weight)
    whole = batch.logits(model)
    parts = list(batch.parts(1))
    lengths = batch.present.sum(1).view(-1, 2).amax(1)
    assert [part.present.shape[1] for part in parts] == sorted(lengths.tolist())
    for part, pair in zip(parts, lengths.argsort(stable=True).tolist(), strict=True):
        assert part.attention_mask[:, 0].any() and part.present[:, -1].any()
        rows, longest = slice(2 * pair, 2 * pair + 2), part.present.shape[1]
        assert torch.equal(part.reward[0], batch.reward[pair])
        seen = batch.present[rows, :longest]
        assert torch.allclose(part.logits(model)[seen], whole[rows, :longest][seen], atol=1e-5)
