"""Findings of claims that need more than win rates; methods that stand apart from the averages."""

import json

import pandas as pd
import pytest

from mope.analysis.claims import CLAIMS, claims
from mope.analysis.evaluation import evaluate
from mope.analysis.findings import (
    Finding,
    Tables,
    Untestable,
    faster,
    less_sound,
    lost_when_new,
    preferred_by_people,
    reward_lost_when_new,
    scaled,
)
from mope.analysis.win_rates import average_differences, average_win_rates, averages_by_cell, win_rates
from mope.errors import MopeError

MAIN = ["vanilla", "prompting", "soup_factor", "mope"]


@pytest.fixture(scope="module")
def evaluation(make):
    """MOD as an ablation: compared with MoPE alone."""
    judgments, responses = make(20)
    kept = {pair: t for pair, t in judgments.items() if "mod" not in pair or "mope" in pair}
    options = {"resamples": 300, "seed": 1, "max_unparsed": 0}
    tokens = pd.concat([t.assign(method=m) for m, t in responses.items()])
    return (
        evaluate("single", "rubric", list(responses), kept, rows=MAIN, **options),
        evaluate("single", "rubric", MAIN, {p: t for p, t in kept.items() if "mod" not in p}, **options),
        tokens,
    )


def test_an_ablation_changes_no_average(evaluation):
    with_it, without, tokens = evaluation
    pd.testing.assert_frame_equal(average_win_rates(with_it, tokens), average_win_rates(without, tokens))
    pd.testing.assert_frame_equal(average_differences(with_it), average_differences(without))
    pd.testing.assert_frame_equal(averages_by_cell(with_it), averages_by_cell(without))
    rates = win_rates(with_it, ["prompting"])
    assert set(rates[rates.method == "mod"].opponent) == {"mope"}
    assert set(rates[(rates.method == "mod") | (rates.opponent == "mod")].role) == {"ablation"}


def test_every_two_rows_need_judgments(make):
    judgments, responses = make(5)
    del judgments["vanilla", "mod"]
    with pytest.raises(MopeError, match="no judgments of vanilla--mod"):
        evaluate("single", "rubric", list(responses), judgments, resamples=100, seed=1, max_unparsed=0)


def with_tables(**tables) -> Tables:
    empty = pd.DataFrame()
    return Tables(empty, empty, empty, **tables)


def test_what_was_not_run_has_no_finding():
    nothing = with_tables()
    for find in (faster("a", "b", 32), lost_when_new("m"), preferred_by_people("m", "o")):
        assert find(nothing, "single") is None
    assert "embedded world" in less_sound("m")(nothing, "single").reason


def test_speed_is_the_least_saving_over_models_and_dtypes():
    def record(system, dtype, *rounds):
        return {"system": system, "model": "m", "dtype": dtype, "requests": 32, "ms_per_step_rounds": list(rounds)}

    slow_phase = [100, 100, 100, 300, 300, 300]  # both systems meet it in the same rounds
    records = [
        record("mope", "a", *[50] * 6), record("soup", "a", *[100] * 6),
        record("mope", "b", 90, 92, 94, 258, 264, 270), record("soup", "b", *slow_phase),
    ]  # fmt: skip
    found = faster("mope", "soup", 32)(with_tables(decoding=pd.DataFrame(records)), "single")
    assert (found.ours, found.side) == (pytest.approx(0.1), 1)  # of 10, 8, 6, 14, 12 and 10 %
    assert (found.low, found.high) == (pytest.approx(0.06), pytest.approx(0.14))  # of six, the extremes
    assert faster("mope", "soup", 8)(with_tables(decoding=pd.DataFrame(records)), "single") is None
    more = [record("mope", "a", *[90] * 10, 200), record("soup", "a", *[100] * 11)]  # one bad round of eleven
    found = faster("mope", "soup", 32)(with_tables(decoding=pd.DataFrame(more)), "single")
    assert (found.low, found.high, found.side) == (pytest.approx(0.1), pytest.approx(0.1), 1)


def test_losses_count_as_the_papers_state_them():
    row = {"set": "single", "method": "mope_half", "part": "new", "difference": -0.1, "ci_low": -0.2, "ci_high": -0.05}
    row |= {"prompts_low": -0.15, "prompts_high": -0.08, "full_win_rate": 0.75, "full_win_rate_ci_low": 0.25}
    row |= {"full_win_rate_ci_high": 1.0, "full_win_rate_prompts_low": 0.625, "full_win_rate_prompts_high": 0.875}
    tables = with_tables(generalisation=pd.DataFrame([row]))
    found = reward_lost_when_new("mope_half")(tables, "single")
    assert found == Finding(0.1, 0.05, 0.2, 0.0, 0.08, 0.15) and found.side == 1
    assert lost_when_new("mope_half")(tables, "single") == Finding(0.25, -0.25, 0.5, 0.0, 0.125, 0.375)
    row = {
        "set": "single",
        "method": "mope",
        "preference": "all",
        "difference": 0.1,
        "difference_low": 0.02,
        "difference_high": 0.2,
        "sound": 0.9,
    }
    found = less_sound("mope")(with_tables(correctness=pd.DataFrame([row])), "single")
    assert (found.ours, found.side) == (-0.1, -1)
    row |= {"difference": 0.0, "difference_low": 0.0, "difference_high": 0.0, "sound": 1.0}
    saturated = less_sound("mope")(with_tables(correctness=pd.DataFrame([row])), "single")
    assert saturated == Untestable("100% of the answers are sound, with and without preferences")


def test_the_scaling_claim_needs_its_combinations(evaluation):
    rates = win_rates(evaluation[0], [])
    tables = Tables(rates, pd.DataFrame(), pd.DataFrame())
    found = object()
    assert scaled(lambda *_: found, 8)(tables, "single") is found
    assert scaled(lambda *_: found, 16)(tables, "single") is None


def test_a_claim_that_fails_says_where_it_was_lost(evaluation):
    e, _, tokens = evaluation
    rates = win_rates(e, [])
    swapped = rates.assign(method=rates.opponent, opponent=rates.method)
    records = claims(Tables(swapped, average_win_rates(e, tokens), average_differences(e)), "rubric")
    lost = next(r for r in records if r["id"] == "mope-beats-vanilla:single")
    assert lost["verdict"] == "not reproduced"
    assert "weakest on P" in lost["note"] and "tokens against" in lost["note"]
    assert all(r["note"] == "" for r in records if r["verdict"] in ("reproduced", "not run"))
    json.dumps(records, allow_nan=False)


def test_claim_ids_are_distinct():
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS)
