"""Correctness and agreement with the annotator, against counts by hand and by brute force."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from mope.analysis.annotator_agreement import annotator_agreement
from mope.analysis.correctness import CORRECTNESS_COLUMNS, MEASURES, correctness, counts
from mope.errors import MopeError
from mope.world.worlds import load

WORLD = load("everyday")
ENGINES = WORLD.topics[0]
PROMPT = "What are car engines?"
E, X = ([fact[register] for fact in ENGINES.facts] for register in ("elementary", "expert"))
HELLO, BYE = "Great question, my dear friend!", "Have a great day, dear friend!"
JUNK = "A car engine runs on moonlight."
ANSWERS = {  # method: answers to three prompts, of one combination
    "vanilla": [E[0], X[0], E[0]],
    "good": [" ".join((HELLO, E[0], E[1], BYE))] * 3,
    "bad": [" ".join((HELLO, E[0], X[1], JUNK)), " ".join((E[0], E[0], BYE)), " ".join((HELLO, E[0], BYE))],
}


@pytest.fixture(scope="module")
def responses() -> pd.DataFrame:
    rows = [
        ("single", method, f"q{i}", PROMPT, "P1A-P2B-P3A", text, 0)
        for method, texts in ANSWERS.items() for i, text in enumerate(texts)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns="set method prompt_id prompt combination response seed".split())


def test_by_hand(responses: pd.DataFrame) -> None:
    table = correctness(WORLD, responses, resamples=500, seed=1)
    assert list(table.columns) == CORRECTNESS_COLUMNS and len(table) == 3 * 4
    every = table[table.preference == "all"].set_index("method")
    assert every.answers.to_dict() == {"vanilla": 3, "good": 3, "bad": 3}
    assert every.sound.to_dict() == pytest.approx({"vanilla": 1, "good": 1, "bad": 1 / 3})
    bad = every.loc["bad"]
    assert bad.with_invented == pytest.approx(1 / 3) and bad.invented == pytest.approx(1 / 10)
    assert bad.repeated == pytest.approx(1 / 10)
    assert bad.facts == pytest.approx((2 + 1 + 1) / 12)
    assert bad.in_register == pytest.approx(4 / 5)
    assert bad.in_tone == pytest.approx(1 / 3) and every.in_tone["good"] == 1 and every.in_tone["vanilla"] == 0
    assert bad.difference == pytest.approx(-2 / 3) and bad.difference_low == -1 and bad.difference_high == 0
    assert (every.loc["good", ["sound_low", "sound_high", "difference_low", "difference_high"]] == [1, 1, 0, 0]).all()
    by_preference = table[table.preference == "P1A"].set_index("method")
    assert by_preference[list(MEASURES)].equals(every[list(MEASURES)])  # one combination: the same answers


def test_seeds_count_together_and_other_measures_are_nan(responses: pd.DataFrame) -> None:
    twice = pd.concat([responses, responses]).assign(combination="P2B")
    table = correctness(WORLD, twice, resamples=100, seed=1).set_index(["preference", "method"])
    assert table.answers["all", "bad"] == 6 and table.sound["P2B", "bad"] == pytest.approx(1 / 3)
    assert table[["in_register", "in_tone", "in_register_low"]].isna().all(axis=None)


def test_seeds_of_one_method_widen_its_interval_alone(responses: pd.DataFrame) -> None:
    """A second training of `good` that answers as `bad` does: 1 and 1/3 sound, from one seed to the other."""
    bad = responses[responses.method == "bad"]
    several = pd.concat([responses, bad.assign(method="good", seed=1)])
    table = correctness(WORLD, several, resamples=500, seed=1).query("preference == 'all'").set_index("method")
    alone = correctness(WORLD, responses, resamples=500, seed=1).query("preference == 'all'").set_index("method")
    assert table.sound["good"] == pytest.approx(2 / 3) and table.sound_high["good"] == 1
    assert table.sound_low["good"] == alone.sound_low["bad"]
    pd.testing.assert_frame_equal(table.drop("good"), alone.drop("good"))


def test_without_the_plain_method_there_is_no_difference(responses: pd.DataFrame) -> None:
    table = correctness(WORLD, responses[responses.method == "bad"], resamples=100, seed=1)
    assert table.difference.isna().all() and table.sound.notna().all()


def test_a_tone_needs_both_ends() -> None:
    place = list(MEASURES).index("in_tone")
    assert counts(WORLD, PROMPT, "P1A-P3A", f"{HELLO} {E[0]} {BYE}")[place] == (1, 1)
    assert counts(WORLD, PROMPT, "P1A-P3A", f"{BYE} {E[0]} {HELLO}")[place] == (0, 1)  # a closer does not open
    assert counts(WORLD, PROMPT, "P1A-P3B", f"{HELLO} {E[0]} {BYE}")[place] == (0, 1)
    assert counts(WORLD, PROMPT, "P1A", f"{HELLO} {E[0]} {BYE}")[place] == (0, 0)


def test_other_prompts_have_no_truth() -> None:
    with pytest.raises(MopeError, match="Hamlet"):
        counts(WORLD, "Who wrote Hamlet?", "P1A", "Shakespeare.")


def test_agreement_by_brute_force() -> None:
    rng = np.random.default_rng(2)
    rows = [
        (preference, judge, f"q{i % 8}", a, round(a * weight + rng.normal(), 1))
        for preference in ("P1A", "P2B") for judge, weight in (("truth", 0.5), ("rubric", 5.0))
        for i, a in enumerate(rng.integers(0, 5, 60).astype(float))
    ]  # fmt: skip
    values = pd.DataFrame(rows, columns="preference judge_name prompt_id annotator judge".split())
    table = annotator_agreement(values, resamples=2000, seed=1)
    assert list(zip(table.preference, table.judge, strict=True)) == [
        ("P1A", "truth"), ("P1A", "rubric"), ("P2B", "truth"), ("P2B", "rubric")
    ]  # fmt: skip
    for row, (_, own) in zip(table.itertuples(), values.groupby(["preference", "judge_name"], sort=False), strict=True):
        assert row.n == 60 and row.spearman == pytest.approx(spearmanr(own.annotator, own.judge).statistic)
        assert row.ci_low < row.spearman < row.ci_high
        same = other = 0
        for _, group in own.groupby("prompt_id"):
            for (_, a, b), (_, c, d) in itertools.combinations(group[["annotator", "judge"]].itertuples(), 2):
                if a != c and b != d:
                    same += (a > c) == (b > d)
                    other += (a > c) != (b > d)
        assert row.verdict_agreement == pytest.approx(same / (same + other))
    assert (table.spearman[table.judge == "rubric"] > 0.9).all() > (table.spearman[table.judge == "truth"] > 0.9).any()


def test_a_constant_score_agrees_with_nothing() -> None:
    values = pd.DataFrame({"preference": "P1A", "judge_name": "flat", "prompt_id": list("aabb"), "annotator": range(4)})
    row = annotator_agreement(values.assign(judge=1.0)).iloc[0]
    assert row.n == 4 and row[["spearman", "ci_low", "ci_high", "verdict_agreement"]].isna().all()
