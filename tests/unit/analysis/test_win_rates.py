"""Outcomes and win rates against brute force and hand-made judgments."""

import time
from itertools import product

import numpy as np
import pandas as pd
import pytest
from synthetic_judgments import make_scores

from mope.analysis.aggregate import AGGREGATED, aggregate, agreements, read_judgments, read_methods
from mope.analysis.evaluation import evaluate
from mope.analysis.intervals import holm
from mope.analysis.outcomes import check_unparsed, criteria, gather, outcomes
from mope.analysis.win_rates import average_differences, average_win_rates, averages_by_cell, win_rates
from mope.errors import MopeError
from mope.judging.judge_kinds import REWARD_MODELS

NAMED = ["soup_factor", "mod", "prompting"]
SETTINGS = {"seed": 7, "resamples": 500, "named": NAMED, "max_unparsed": 0.02}


def judged(rows, a="a", b="b"):
    """Judgments from (prompt, combination, preference, verdict shown as ab, verdict shown as ba)."""
    return {
        (a, b): pd.DataFrame(
            [
                (prompt, combination, preference, order, verdict, "raw", 0, 0)
                for prompt, combination, preference, *verdicts in rows
                for order, verdict in zip(("ab", "ba"), verdicts, strict=True)
            ],
            columns="prompt_id combination preference order verdict raw seed_a seed_b".split(),
        )
    }


def evaluation(judgments, methods=("a", "b"), resamples=200):
    return evaluate("single", "rubric", list(methods), judgments, resamples=resamples, seed=1, max_unparsed=1)


@pytest.mark.parametrize("verdicts", list(product("abtu", repeat=3)), ids="".join)
def test_sign_of_the_sum_of_three_criteria(verdicts):
    words = {"a": "a", "b": "b", "t": "tie", "u": "unparsed"}
    rows = [("q", "P1A-P2A-P3A", p, words[v], words[v]) for p, v in zip(("P1A", "P2A", "P3A"), verdicts, strict=True)]
    table = outcomes(gather(judged(rows)))
    found = table.loc[table["preference"] == "all", "outcome"].item()
    if "u" in verdicts:
        assert np.isnan(found)
    else:
        total = sum({"a": 1, "b": -1, "t": 0}[v] for v in verdicts)
        assert found == {1: 1.0, 0: 0.5, -1: 0.0}[np.sign(total)]


def test_rates_by_hand():
    rows = [
        ("q0", "P1A", "P1A", "a", "a"),  # win
        ("q1", "P1A", "P1A", "b", "b"),  # loss
        ("q2", "P1A", "P1A", "a", "b"),  # orders disagree: tie
        ("q3", "P1A", "P1A", "a", "a"),  # win
        ("q4", "P1A", "P1A", "unparsed", "a"),  # counted apart
    ]
    table = win_rates(evaluation(judged(rows)), named=[])
    row = table[(table["method"] == "a") & (table["preference"] == "all") & (table["combination"] == "all")].iloc[0]
    assert (row.wins, row.ties, row.losses, row.unparsed, row.n_prompts) == (2, 1, 1, 1, 4)
    assert row.win_rate == 2.5 / 4 and row.decided_win_rate == pytest.approx(2 / 3)
    assert 0 < row.wilson_low < row.win_rate < row.wilson_high < 1
    assert row.role == "exploratory" and np.isnan(row.p_holm)


def test_brute_force(run):
    """Every cell equals a literal count over the raw judgments."""
    judgments, _ = run
    methods = list(dict.fromkeys(m for pair in judgments for m in pair))
    table = win_rates(evaluation(judgments, methods), NAMED).set_index(
        ["combination", "preference", "method", "opponent"]
    )
    for a, b in (("vanilla", "mope"), ("soup_factor", "mod")):
        raw = judgments[a, b]
        for combination, preference in (("all", "all"), ("P1A-P2B-P3A", "all"), ("all", "P2B")):
            points = n = 0
            for (_, c, _, _), group in raw.groupby(["prompt_id", "combination", "seed_a", "seed_b"]):
                if combination not in ("all", c):
                    continue
                if preference != "all" and preference not in c:
                    continue
                signs = []
                for p, verdicts in group.groupby("preference")["verdict"]:
                    if preference in ("all", p):
                        both = set(verdicts)
                        signs.append({"a": 1, "b": -1, "tie": 0}[both.pop()] if len(both) == 1 else 0)
                points += (np.sign(sum(signs)) + 1) / 2
                n += 1
            row = table.loc[combination, preference, a, b]
            assert row["win_rate"] == pytest.approx(points / n)
            assert row["wins"] + row["ties"] + row["losses"] == n


def test_both_directions_mirror(run):
    judgments, _ = run
    methods = list(dict.fromkeys(m for pair in judgments for m in pair))
    table = win_rates(evaluation(judgments, methods), NAMED)
    keys = ["combination", "preference", "method", "opponent"]
    other = table.rename(columns={"method": "opponent", "opponent": "method"})
    both = table.merge(other, on=keys, suffixes=("", "_other"))
    assert len(both) == len(table)
    assert np.allclose(both["win_rate"] + both["win_rate_other"], 1)
    assert np.allclose(both["ci_low"] + both["ci_high_other"], 1)
    assert (both["wins"] == both["losses_other"]).all()
    assert ((table["ci_low"] <= table["win_rate"]) & (table["win_rate"] <= table["ci_high"])).all()


def test_seeds_are_averaged_and_their_spread_is_shown(run, tokens):
    judgments, _ = run
    methods = list(dict.fromkeys(m for pair in judgments for m in pair))
    e = evaluation(judgments, methods)
    table = win_rates(e, NAMED).set_index(["combination", "preference", "method", "opponent"])
    by_seed = [
        outcomes(gather({("mod", "mope"): judgments["mod", "mope"].query(f"seed_b == {s}")}))
        .query("preference == 'all'")["outcome"]
        .mean()
        for s in (0, 1, 2)
    ]
    row = table.loc["all", "all", "mod", "mope"]
    assert row["win_rate"] == pytest.approx(np.mean(by_seed))
    assert row["seed_std"] == pytest.approx(np.std(by_seed, ddof=1))
    averages = average_win_rates(e, tokens).set_index("method")
    assert averages.loc["mope", "seeds"] == 3 and averages.loc["mope", "seed_std"] > 0
    assert averages.loc["mod", "seeds"] == 1 and np.isnan(averages.loc["mod", "seed_std"])


def test_averages_and_differences(run, tokens):
    judgments, _ = run
    methods = list(dict.fromkeys(m for pair in judgments for m in pair))
    e = evaluation(judgments, methods)
    table = win_rates(e, NAMED)
    whole = table[(table["combination"] == "all") & (table["preference"] == "all")]
    expected = whole.groupby("method")["win_rate"].mean()
    averages = average_win_rates(e, tokens).set_index("method")
    assert averages["average_win_rate"].to_dict() == pytest.approx(expected.to_dict())
    assert averages["average_win_rate"].mean() == pytest.approx(0.5)
    assert averages.loc["mope", "mean_tokens"] == tokens.loc[tokens["method"] == "mope", "n_tokens"].mean()
    differences = average_differences(e).set_index(["method", "opponent"])
    assert differences.loc[("mope", "mod"), "difference"] == pytest.approx(expected["mope"] - expected["mod"])
    assert differences.loc[("mope", "mod"), "ci_low"] == pytest.approx(-differences.loc[("mod", "mope"), "ci_high"])
    cells = averages_by_cell(e).set_index(["combination", "preference", "method"])
    one = table[(table["combination"] == "all") & (table["preference"] == "P2A") & (table["method"] == "mod")]
    assert cells.loc[("all", "P2A", "mod"), "average_win_rate"] == pytest.approx(one["win_rate"].mean())


def test_holm_over_all_sets_and_only_named(make):
    made = {"single": make(10, 1), "comparison": make(10, 2)}
    tokens = pd.concat([t.assign(set=s, method=m) for s, (_, answers) in made.items() for m, t in answers.items()])
    scores = pd.concat([make_scores(answers).assign(set=s) for s, (_, answers) in made.items()])
    runs = {(s, "rubric"): judgments for s, (judgments, _) in made.items()}
    table = aggregate(runs, tokens, scores, **SETTINGS)["win_rates.csv"].query("judge == 'rubric'")
    tested = table[table["p_value"].notna()]
    once = tested[tested["method"] == "mope"]
    assert sorted(zip(once["set"], once["opponent"], strict=True)) == sorted(
        (s, m) for s in ("single", "comparison") for m in NAMED
    )
    assert list(once["p_holm"]) == pytest.approx(holm(list(once["p_value"])))
    assert len(tested) == 2 * len(once) and set(tested["role"]) == {"named"}
    assert table[table["p_value"].isna()]["p_holm"].isna().all()


def test_unparsed_budget(make):
    judgments, _ = make(4, unparsed=0.05)
    with pytest.raises(MopeError, match="'raw text'"):
        check_unparsed(gather(judgments), 0.02)
    check_unparsed(gather(judgments), 0.2)
    total = pd.concat(judgments.values())
    exact = (total["verdict"] == "unparsed").mean()
    check_unparsed(gather(judgments), exact)


def test_one_order_only_is_refused():
    judgments = judged([("q0", "P1A", "P1A", "a", "a")])
    judgments["a", "b"] = judgments["a", "b"].query("order == 'ab'")
    with pytest.raises(MopeError, match="one order only"):
        criteria(gather(judgments))


def test_methods_of_judgments_and_responses_must_agree(run, tokens, scores):
    judgments, _ = run
    with pytest.raises(MopeError, match="mod"):
        aggregate({("single", "rubric"): judgments}, tokens[tokens["method"] != "mod"], scores, **SETTINGS)


def test_two_runs_are_byte_identical(run, tokens, scores):
    judgments, _ = run
    first, second = (aggregate({("single", "rubric"): judgments}, tokens, scores, **SETTINGS) for _ in range(2))
    assert tuple(first) == AGGREGATED
    assert {n: t.to_csv() for n, t in first.items()} == {n: t.to_csv() for n, t in second.items()}


def test_the_overall_table_holds_every_pair_once_in_each_direction_and_by_each_judge(run, tokens, scores):
    judgments, _ = run
    tables = aggregate({("single", "rubric"): judgments}, tokens, scores, **SETTINGS)
    overall = tables["overall_win_rates.csv"]
    assert overall.groupby("judge", sort=False).size().to_dict() == dict.fromkeys(
        ["rubric", REWARD_MODELS], 2 * len(judgments)
    )
    assert set(zip(overall.method, overall.opponent)) == {*judgments, *((b, a) for a, b in judgments)}
    assert overall.win_rate.tolist() == tables["win_rates.csv"].win_rate[overall.index].tolist()


def test_names_come_from_paths(tmp_path):
    table = pd.DataFrame({"x": [1]})
    assert read_judgments({tmp_path / "single" / "rubric" / "mod--mope.parquet": table}).keys() == {
        ("single", "rubric")
    }
    with pytest.raises(MopeError, match="<a>--<b>"):
        read_judgments({tmp_path / "single" / "rubric" / "mod.parquet": table})
    found = read_methods({tmp_path / "single" / "mod.parquet": table})
    assert found.loc[0, ["set", "method"]].tolist() == ["single", "mod"]


def test_a_hundred_thousand_judgments_within_ten_seconds_of_processor_time(run, tokens, scores):
    judgments, _ = run
    scale = 1 + 100_000 // sum(map(len, judgments.values()))
    many = {
        pair: pd.concat([t.assign(prompt_id=t["prompt_id"] + f"-{k}") for k in range(scale)])
        for pair, t in judgments.items()
    }
    longer, rated = (
        pd.concat([t.assign(prompt_id=t["prompt_id"] + f"-{k}") for k in range(scale)]) for t in (tokens, scores)
    )
    assert sum(map(len, many.values())) >= 100_000
    start = time.process_time()  # not of the clock: other processes may have the processor
    aggregate({("single", "rubric"): many}, longer, rated, **SETTINGS | {"resamples": 10_000})
    assert time.process_time() - start < 10


def test_agreement_of_judges_and_rewards(run):
    judgments, responses = run
    scores = pd.concat(
        [
            r.assign(method=m, set="single", preference=r["combination"].str.split("-"), reward=i)
            for i, (m, r) in enumerate(responses.items())
        ]
    ).explode("preference")
    runs = {("single", "rubric"): judgments, ("single", "copy"): judgments}
    table = agreements(runs, scores).set_index(["judge", "other", "preference"])
    same = table.loc["rubric", "copy", "all"]
    assert same["agreement"] == same["kappa"] == same["decided_kappa"] == 1
    reward = table.loc["rubric", "reward", "all"]
    n_comparisons = sum(map(len, judgments.values())) // 2
    assert reward["n"] == n_comparisons == reward[[c for c in table.columns if c.count("_") == 1 and c[0] in "abt"
                                                   and c not in ("agreement",)]].sum()  # fmt: skip
