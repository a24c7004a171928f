"""Length control and agreement against hand-solved cases."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from mope.analysis.agreement import agreement, judge_values, kappa, reward_values, swap_consistency
from mope.analysis.length_control import at_equal_length, length_controlled
from mope.analysis.outcomes import OUTCOME_KEYS
from mope.judging.verdicts import IDENTICAL


def test_two_lengths_solve_by_hand():
    """With differences -d and +d the regression is saturated: the intercept is the mean of the two log-odds."""
    short, long = [1] * 30 + [0] * 70, [1] * 80 + [0] * 20
    found, low, high = at_equal_length(np.array([*short, *long], float), np.repeat([-10.0, 10.0], 100), np.arange(200))
    assert found == pytest.approx(expit((logit(0.3) + logit(0.8)) / 2), abs=1e-6)
    # Variance of the intercept: a quarter of the sum of the two cells' binomial variances on the logit scale.
    error = np.sqrt((1 / (100 * 0.3 * 0.7) + 1 / (100 * 0.8 * 0.2)) / 4)
    assert logit(high) - logit(low) == pytest.approx(2 * 1.96 * error, rel=0.02)


def test_without_a_length_difference_it_is_the_win_rate():
    outcome = np.array([1, 1, 0, 0.5, 1, 0.0])
    assert at_equal_length(outcome, np.zeros(6), np.arange(6))[0] == pytest.approx(outcome.mean())


def test_length_that_explains_everything_is_taken_out():
    rng = np.random.default_rng(0)
    difference = rng.normal(15, 10, 4000)
    outcome = (rng.random(4000) < expit(0.15 * difference)).astype(float)
    assert outcome.mean() > 0.8
    assert at_equal_length(outcome, difference, np.arange(4000))[0] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("outcome,difference", [([1, 1, 1, 1], [1, 2, 3, 4]), ([0, 0, 1, 1], [-2, -1, 1, 2])])
def test_separated_outcomes_give_nothing(outcome, difference):
    found = at_equal_length(np.array(outcome, float), np.array(difference, float), np.arange(4))
    assert np.isnan(found).all()


def test_table_leaves_the_length_criteria_out(run, tokens):
    from mope.analysis.outcomes import gather, outcomes

    table = length_controlled("single", "rubric", outcomes(gather(run[0])), tokens, ["P2A", "P2B"])
    assert set(table["preference"]) == {"P1A", "P1B", "P3A", "P3B"}
    both = table.merge(table, left_on=["preference", "method", "opponent"],
                       right_on=["preference", "opponent", "method"])  # fmt: skip
    assert np.allclose(both["length_controlled_x"] + both["length_controlled_y"], 1)
    assert np.array_equal(both["mean_difference_x"], -both["mean_difference_y"])


def test_swap_consistency_by_hand():
    rows = [("q0", "ab", "a"), ("q0", "ba", "a"), ("q1", "ab", "a"), ("q1", "ba", "b"), ("q2", "ab", "tie"),
            ("q2", "ba", "a"), ("q3", "ab", "unparsed"), ("q3", "ba", "a"),
            ("same", "ab", "tie"), ("same", "ba", "tie")]  # fmt: skip
    table = pd.DataFrame(rows, columns=["prompt_id", "order", "verdict"])
    table = table.assign(a="a", b="b", combination="P1A", seed_a=0, seed_b=0, preference="P1A", raw="said")
    table.loc[table["prompt_id"] == "same", "raw"] = IDENTICAL  # nobody was asked
    row = swap_consistency("single", "chat", table).iloc[0]
    # First shown won: q0/ab, q1/ab, q1/ba; second shown won: q0/ba, q2/ba.
    assert (row.n, row.consistent, row.consistency, row.first_share) == (3, 1, pytest.approx(1 / 3), 3 / 5)


def test_identical_texts_are_no_agreement():
    rows = [(f"q{i}", order, verdict) for i, verdict in enumerate(["a", "tie", "tie"]) for order in ("ab", "ba")]
    table = pd.DataFrame(rows, columns=["prompt_id", "order", "verdict"])
    table = table.assign(a="a", b="b", combination="P1A", seed_a=0, seed_b=0, preference="P1A", raw="said")
    table.loc[table["prompt_id"] == "q1", "raw"] = IDENTICAL
    assert judge_values(table)[["prompt_id", "value"]].to_numpy().tolist() == [["q0", 1.0], ["q2", 0.0]]


def values(pairs):
    base = pd.DataFrame({"prompt_id": [f"q{i}" for i in range(len(pairs))], "a": "a", "b": "b", "combination": "P1A"})
    base = base.assign(seed_a=0, seed_b=0, preference="P1A")[[*OUTCOME_KEYS, "preference"]]
    return (base.assign(value=[p[i] for p in pairs]) for i in (0, 1))


def test_kappa_by_hand():
    """The textbook table 20 5 / 10 15: observed 0.7, expected 0.5, kappa 0.4."""
    pairs = [(1.0, 1.0)] * 20 + [(1.0, -1.0)] * 5 + [(-1.0, 1.0)] * 10 + [(-1.0, -1.0)] * 15 + [(0.0, 1.0)] * 10
    row = agreement("single", "chat", "people", *values(pairs)).iloc[0]
    assert (row["n"], row["decided_n"], row["a_a"], row["a_b"], row["b_a"], row["tie_a"]) == (60, 50, 20, 5, 10, 10)
    assert row["decided_agreement"] == pytest.approx(0.7) and row["decided_kappa"] == pytest.approx(0.4)
    assert row["agreement"] == pytest.approx(35 / 60)


def test_kappa_of_raters_who_never_vary():
    assert np.isnan(kappa(np.array([[5, 0], [0, 0]])))


def test_rewards_are_matched_by_seed():
    judged = next(values([(1.0, 1.0)])).assign(seed_b=2)
    rows = [("a", 0, 0.5), ("b", 1, 0.1), ("b", 2, 0.9)]
    scores = pd.DataFrame(
        [{"method": m, "prompt_id": "q0", "combination": "P1A", "preference": "P1A", "seed": s, "reward": r}
         for m, s, r in rows]
    )  # fmt: skip
    assert reward_values(judged, scores)["value"].tolist() == [-1.0]
