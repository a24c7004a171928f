"""The combined reward by hand: in every form, of equal and of graded preferences."""

import pandas as pd
import pytest
import torch

from mope.errors import MopeError
from mope.rewards.combined import Rewards, references_of
from mope.rewards.form_table import FORMS
from mope.rewards.scoring import score_responses

XI = "P1A-P2A-P3A"


class ByLength:
    """A reward model that any text can be scored with by hand: words times a factor."""

    def __init__(self, factor: float):
        self.factor, self.asked = factor, []

    def score(self, prompts, responses):
        self.asked += list(zip(prompts, responses, strict=True))
        return torch.tensor([self.factor * len(response.split()) for response in responses])


def rewards(kind: str, references=None) -> Rewards:
    models = {"P1A": ByLength(1.0), "P2A": ByLength(-1.0), "P3A": ByLength(0.5), "P3B": ByLength(100.0)}
    known = {("x", XI): "a b", ("y", XI): "a b c d"} if references is None else references
    return Rewards(models, known, FORMS[kind]())


def test_raw_and_graded():
    assert rewards("raw")(["x"], ["a b"], [XI]).item() == pytest.approx((2 - 2 + 1) / 3)
    graded = rewards("raw")(["x", "x"], ["a b"] * 2, [XI, XI], [[0.7, 0.2, 0.1], None])
    assert graded.tolist() == pytest.approx([0.7 * 2 - 0.2 * 2 + 0.1 * 1, 1 / 3])


def test_bradley_terry_against_the_reference_of_the_combination():
    by_xi = {("x", XI): "a b", ("x", "P1A-P2A-P3B"): "a b c"}
    got = rewards("bt", by_xi)(["x", "x"], ["a b c"] * 2, [XI, "P1A-P2A-P3B"])
    first = torch.tensor([1.0, -1.0, 0.5]).sigmoid().mean()
    assert got.tolist() == pytest.approx([first.item(), 0.5])


def test_standardised_by_the_references():
    # References of 2 and 4 words: mean 3, standard deviation sqrt 2, whatever the model's scale.
    got = rewards("standardised")(["x"], ["a b c d e"], [XI])
    assert got.item() == pytest.approx((1 - 1 + 1) * 2 / 2**0.5 / 3)


def test_the_worst_preference_decides():
    assert rewards("worst")(["x", "x"], ["a b c", "a"], [XI, XI]).tolist() == pytest.approx(
        [torch.tensor(-1.0).sigmoid().item()] * 2  # P2A is the worst of the first answer, P1A of the second
    )
    alone = rewards("worst", {("x", "P1A"): "a b"})(["x"], ["a b c"], ["P1A"])
    assert alone.item() == pytest.approx(torch.tensor(1.0).sigmoid().item())  # those that ξ has not do not count


def test_decoupled_preferences_have_one_scale_whatever_their_models():
    prompts, texts = ["x", "x", "y", "y"], ["a b c", "a", "a b c d", "a"]  # differences of 2 and 3 words
    xis = [XI, XI, "P1A-P2A-P3B", "P1A-P2A-P3B"]
    got = rewards("decoupled")(prompts, texts, xis)
    both, first, second = (4 / 2 + 9 / 2) / 2, 4 / 2, 9 / 2  # variances of words: of P1A and P2A, of P3A, of P3B
    # P1A and P2A cancel each other; P3A has factor 0.5 and P3B 100, which the scale takes away.
    expected = torch.tensor([1 / first**0.5, -1 / first**0.5, 1.5 / second**0.5, -1.5 / second**0.5]) / 3
    assert got.tolist() == pytest.approx(expected.tolist())
    graded = rewards("decoupled")(prompts, texts, xis, [[0.7, 0.2, 0.1]] * 4)
    assert graded[0].item() == pytest.approx((0.7 - 0.2) * 1 / both**0.5 + 0.1 * 1 / first**0.5)
    same = rewards("decoupled")(["x", "x"], ["a", "a"], [XI, XI])
    assert same.tolist() == [0, 0]


def test_a_model_scores_only_what_concerns_it():
    made = rewards("bt")
    made(["x"], ["a"], [XI])
    assert made.models["P3B"].asked == [] and len(made.models["P1A"].asked) == 3
    with pytest.raises(MopeError, match="^no reward model of P9Z; one of each preference"):
        made(["x"], ["a"], ["P1A-P9Z"])


def test_scores_of_graded_answers_are_told_apart_by_their_point():
    responses = pd.DataFrame({"prompt_id": "q", "prompt": "x", "combination": XI, "seed": 0, "response": ["a b", "a"]})
    reference = pd.DataFrame({"prompt": ["x"], "response": ["a b"]})
    models = {"P1A": ByLength(1.0), "P2A": ByLength(-1.0), "P3A": ByLength(0.5)}
    table = score_responses(responses.assign(point=[1, 0]), reference, models)
    assert table.point.tolist() == [0, 0, 0, 1, 1, 1] and table.reward.tolist() == [1, -1, 0.5, 2, -2, 1]
    assert "point" not in score_responses(responses, reference, models)


def test_the_table_of_scores_holds_the_terms_whose_mean_is_the_reward():
    texts, xis = ["a b c", "a", "a b c"], [XI, XI, "P1A-P2A-P3B"]
    responses = pd.DataFrame(
        {"prompt_id": "1", "prompt": "x", "combination": xis, "response": texts, "seed": [0, 1, 0]}
    )
    reference = pd.DataFrame({"prompt_id": ["1"], "prompt": ["x"], "response": ["a b"]})
    models = rewards("raw").models
    table = score_responses(responses, reference, models)
    first = table[(table.seed == 0) & (table.combination == XI)].set_index("preference")
    assert first.reward.to_dict() == {"P1A": 3.0, "P2A": -3.0, "P3A": 1.5}
    assert first.bt_reward.to_dict() == pytest.approx({"P1A": 0.731059, "P2A": 0.268941, "P3A": 0.622459}, abs=1e-6)
    means = table.groupby(["combination", "seed"]).bt_reward.mean()
    combined = Rewards(models, references_of(reference, list(dict.fromkeys(xis))), FORMS["bt"]())(["x"] * 3, texts, xis)
    assert combined.tolist() == pytest.approx([means[xi, seed] for xi, seed in zip(xis, responses.seed, strict=True)])
