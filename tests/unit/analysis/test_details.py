"""Content, generalisation and α tables by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from mope.analysis.alpha_tables import alpha_table, swap_table, token_classes
from mope.analysis.generalisation import generalisation
from mope.analysis.mean_rewards import rewards_by_cell
from mope.analysis.quality import quality
from mope.world.questions import split_questions
from mope.world.worlds import load

WORLD = load("everyday")
QUESTIONS = [q for q in split_questions(WORLD, 7)["single"] if len(q.topics) == 1][:6]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Vanilla states a fact each time, `style` kind words alone, `half` both in turn; `same` is the same for all ξ."""
    rows = []
    for number, question in enumerate(QUESTIONS):
        fact, nice = question.topics[0].facts[0]["elementary"], "You are a wonderful friend, thanks for asking!"
        for place, xi in enumerate(("P1A", "P1B")):
            other = question.topics[0].facts[1 + place]["elementary"]
            said = {"vanilla": other, "style": nice, "half": (fact, nice)[place], "same": fact}
            for method, text in said.items():
                rows.append(("single", method, f"q{number}", question.text, xi, text, 9, "stop", 0))
    columns = "set method prompt_id prompt combination response n_tokens finish_reason seed".split()
    return quality(WORLD, pd.DataFrame(rows, columns=columns), resamples=500, seed=1).set_index("method")


def test_the_probe_sees_style_without_content(table: pd.DataFrame) -> None:
    assert table.stated.to_dict() == {"vanilla": 1, "style": 0, "half": 0.5, "same": 1}
    assert table.stated_high["half"] == table.stated_low["half"] == 0.5  # every prompt alike
    assert (table.finished == 1).all() and table.degenerate["style"] == 1


def test_diversity(table: pd.DataFrame) -> None:
    assert table.distinct_answers.to_dict() == {"vanilla": 1, "style": 0.5, "half": 1, "same": 0.5}
    assert table.distinct_bigrams["style"] == pytest.approx(1 / 12)
    assert table.distinct_bigrams["vanilla"] > 0.7


def test_prompts_of_another_world_have_no_known_facts() -> None:
    row = ("s", "vanilla", "q", "Who wrote Hamlet?", "P1A", "Shakespeare wrote it.", 4, "stop", 0)
    columns = "set method prompt_id prompt combination response n_tokens finish_reason seed".split()
    made = quality(WORLD, pd.DataFrame([row], columns=columns), resamples=100, seed=1)
    assert made[["stated", "facts", "covered"]].isna().all(axis=None) and made.finished[0] == 1


def test_what_is_kept_on_new_combinations() -> None:
    reward = {("uniform", "A"): 0.5, ("mope", "A"): 0.9, ("half", "A"): 0.9}
    reward |= {("uniform", "B"): 0.4, ("mope", "B"): 0.8, ("half", "B"): 0.6}
    rows = [
        ("single", method, f"q{i}", xi, "P1A", value + i / 100, seed)
        for (method, xi), value in reward.items() for i in range(4) for seed in (0, 1)
    ]  # fmt: skip
    scores = pd.DataFrame(rows, columns="set method prompt_id combination preference bt_reward seed".split())
    about = {"half": {"trained": ["A"], "full": "mope"}}
    verdicts = {("A", 0): "a", ("A", 1): "b", ("B", 0): "b", ("B", 1): "b"}  # of the whole method, b, on B all
    judged = [
        (f"q{i}", xi, "P1A", order, verdict, "raw", seed, seed)
        for (xi, seed), verdict in verdicts.items() for i in range(4) for order in ("ab", "ba")
    ]  # fmt: skip
    columns = "prompt_id combination preference order verdict raw seed_a seed_b".split()
    judgments = {("single", "truth"): {("half", "mope"): pd.DataFrame(judged, columns=columns)}}
    made = generalisation(scores, judgments, about, resamples=200, seed=1).set_index("part")
    assert made.full_win_rate.to_dict() == {"trained": 0.5, "new": 1.0}
    assert (made.full_win_rate_ci_low["trained"], made.full_win_rate_ci_high["trained"]) == (0, 1)  # its seeds disagree
    assert made.full_win_rate_prompts_low["trained"] == made.full_win_rate_prompts_high["trained"] == 0.5
    assert made.kept.to_dict() == pytest.approx({"trained": 1.0, "new": 0.5})
    assert made.difference.to_dict() == pytest.approx({"trained": 0.0, "new": -0.2})
    assert made.ci_low["new"] == pytest.approx(-0.2) and made.combinations.to_dict() == {"trained": 1, "new": 1}


def test_rewards_by_cell() -> None:
    rows = [
        ("s", "m", "A-B", "A", 0.2),
        ("s", "m", "A-B", "B", 0.6),
        ("s", "m", "A-C", "A", 0.4),
        ("s", "m", "A-C", "C", 1),
    ]
    scores = pd.DataFrame(rows, columns="set method combination preference bt_reward".split())
    made = rewards_by_cell(scores).set_index(["combination", "preference"]).bt_reward
    assert made["A-B", "B"] == 0.6 and made["all", "A"] == pytest.approx(0.3)
    assert made["A-C", "all"] == pytest.approx(0.7) and made["all", "all"] == pytest.approx(0.55)


def test_classes_of_tokens_are_those_of_their_words() -> None:
    tokens = ["Hey", ",", " the", " photo", "syn", "thesis", " of", " gr", "ass", "!"]
    expected = (
        ["tone", "punctuation", "function"] + ["technical"] * 3 + ["function", "content", "content", "punctuation"]
    )
    assert token_classes(tokens) == expected


def samples() -> pd.DataFrame:
    rows = [("q", "P1A-P2A", 0, "Hey", 0.9, 0.5, 0, 0.5), ("q", "P1A-P2A", 11, " the", 0.4, 1, 0, 0)]
    rows += [("q", "P1B-P2A", 0, "Hey", 0.2, 0, 0.25, 0.75)]
    return pd.DataFrame(rows, columns="prompt_id combination position token top_share P1A P1B P2A".split())


def test_alpha_table_by_hand() -> None:
    made = alpha_table(samples(), {"expertise": ["P1A", "P1B"], "amount": ["P2A"]}).set_index(["by", "value"])
    assert made.tokens["all", "all"] == 3 and made.tokens["position", 0] == 2 and made.tokens["position", 10] == 1
    third = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75)) / math.log(2)
    assert made.entropy["all", "all"] == pytest.approx((1 + 0 + third) / 3)
    assert made.decides["all", "all"] == pytest.approx(1 / 3)
    assert made.amount["class", "tone"] == pytest.approx(0.625) and made.expertise["class", "function"] == 1
    assert made.top_weight["combination", "P1A-P2A"] == pytest.approx(0.75)


def test_swap_table_by_hand() -> None:
    rows = [(f"q{i}", "P1A-P2A", "P1B-P2A", "expertise", 0.5, 0.7, 0.2 + i / 10) for i in range(3)]
    rows += [("q0", "P1A-P2A", "P1A-P2B", "amount", 0.5, 0.5, 0.0)]
    columns = "prompt_id combination swapped dimension weight_before weight_after change".split()
    made = swap_table(pd.DataFrame(rows, columns=columns), resamples=200, seed=1)
    first = made.iloc[0]
    assert list(first[["dimension", "before", "after", "answers"]]) == ["expertise", "P1A", "P1B", 3]
    assert first.change == pytest.approx(0.3) and first.ci_low < 0.3 < first.ci_high
    assert np.isnan(made.iloc[1].ci_low)  # one prompt tells no interval
