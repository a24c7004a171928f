"""Claims get their verdict from the interval alone; tables for people show what the CSV says."""

import json

import pandas as pd
import pytest

from mope.analysis.claims import CLAIMS, claims
from mope.analysis.findings import Finding, Tables
from mope.analysis.reward_accuracy import ACCURACY_COLUMNS, reward_accuracy
from mope.analysis.win_rates import AVERAGE_COLUMNS, average_differences, average_win_rates, evaluate, win_rates
from mope.report.formats import averages, document, latex, markdown, matrix


@pytest.fixture(scope="module")
def tables(make):
    judgments, responses = make(20)
    methods = list(responses)
    tokens = pd.concat([t.assign(method=m) for m, t in responses.items()])
    e = evaluate("single", "rubric", methods, judgments, resamples=500, seed=1, max_unparsed=0)
    return Tables(win_rates(e, []), average_win_rates(e, tokens), average_differences(e))


@pytest.mark.parametrize(
    "low,high,verdict",
    [
        (0.51, 0.6, "reproduced"),
        (0.3, 0.49, "not reproduced"),
        (0.45, 0.55, "undecided by the interval"),
        (0.5, 0.6, "undecided by the interval"),
        (float("nan"), float("nan"), "undecided by the interval"),
    ],
)
def test_verdicts(low, high, verdict):
    assert Finding(0.5, low, high, 0.5).verdict == verdict


def test_claims_of_a_run(tables):
    records = claims(tables, "rubric")
    by_id = {r["id"]: r for r in records}
    known = set(tables.win_rates.method)
    assert list(by_id) == [f"{c.id}:single" if c.by_set else c.id for c in CLAIMS if known.issuperset(c.methods)]
    assert all(list(r) == ["id", "claim", "published", "ours", "ci_low", "ci_high", "verdict", "note"] for r in records)
    won = by_id["mope-beats-mod:single"]
    assert won["verdict"] == "reproduced" and won["ci_low"] <= won["ours"] <= won["ci_high"]
    assert by_id["mope-highest:single"]["verdict"] == "reproduced"
    for absent in ("mope-faster-than-soups", "people-prefer-mope-to-prompting"):
        assert by_id[absent]["verdict"] == "not run" and by_id[absent]["ours"] is None
    json.dumps(records, allow_nan=False)


def test_sets_and_methods_may_be_any(tables):
    """Sets of other names, and a run without the soup: as many claims per set, none on the soup."""
    names = {"win_rates": tables.win_rates, "averages": tables.averages, "differences": tables.differences}
    fewer = {name: t[t["method"] != "soup_factor"] for name, t in names.items()}
    both = {name: pd.concat([t.assign(set="own"), t.assign(set="koala")]) for name, t in fewer.items()}
    records = claims(Tables(**both), "rubric")
    by_set = {
        name: [r["id"].split(":")[0] for r in records if r["id"].endswith(f":{name}")] for name in ("own", "koala")
    }
    assert by_set["own"] == by_set["koala"] and "mope-beats-mod" in by_set["own"]
    assert not any("soup" in r["id"] for r in records if r["id"] != "mope-faster-than-soups")
    whole = {r["id"] for r in records if ":" not in r["id"]}
    assert whole == {"mope-faster-than-soups", "people-prefer-mope-to-prompting"}


def test_a_claim_that_fails_is_listed_as_failed(tables):
    losing = tables.win_rates.assign(
        method=tables.win_rates["opponent"], opponent=tables.win_rates["method"]
    )  # every method takes its opponent's place
    by_id = {r["id"]: r for r in claims(Tables(losing, tables.averages, tables.differences), "rubric")}
    assert by_id["mope-beats-mod:single"]["verdict"] == "not reproduced"


def test_claims_are_about_the_primary_judge_only(tables):
    assert claims(tables, "chat") == []


def test_highest_is_against_the_best_rival(tables):
    record = next(r for r in claims(tables, "rubric") if r["id"] == "mope-highest:single")
    rest = tables.averages.set_index("method")["average_win_rate"]
    expected = rest["mope"] - rest.drop("mope").max()
    assert record["ours"] == pytest.approx(expected, abs=1e-6)


def test_markdown_and_latex(tables):
    text = averages(tables.averages, "single")
    assert text.iloc[0]["Method"] == "MoPE"
    best = tables.averages["average_win_rate"].max()
    assert text.iloc[0]["Average win rate (%)"] == f"{100 * best:.1f}"
    shown = markdown(text, "Caption")
    assert shown.startswith("**Caption**\n\n| Method") and shown.count("\n|") == len(text) + 2
    printed = latex(matrix(tables.win_rates, "single"), "50 % & more_less", "tab:x")
    assert r"\caption{50 \% \& more\_less}" in printed
    rows = [line for line in printed.splitlines() if line.endswith(r"\\")]
    assert len(rows) == len(text) + 1 and all(row.count(" & ") == len(text) for row in rows)
    assert document(tables.averages, averages, "Averages", "average_win_rates", ".tex").count(r"\begin{table}") == 1


def test_matrix_reads_row_against_column(tables):
    table = matrix(tables.win_rates, "single").set_index("Row against column")
    row = tables.win_rates.query("method == 'mope' and opponent == 'mod' and combination == preference == 'all'")
    assert table.loc["MoPE", "MOD (logit mixing)"] == f"{100 * row['win_rate'].item():.1f}"
    assert table.loc["MoPE", "MoPE"] == "–"


def test_reward_model_table():
    table = reward_accuracy(
        {"P1A": {"accuracy": 0.9, "n_pairs": 150}, "P1B": {"accuracy": 1, "n_pairs": 9, "ece": 0.1}}
    )
    assert list(table.columns) == ACCURACY_COLUMNS
    assert table.loc[0, "accuracy_ci_low"] < 0.9 < table.loc[0, "accuracy_ci_high"]
    assert table["ece"].isna().tolist() == [True, False]


def test_columns_other_tools_rely_on(tables):
    design = (
        "set judge combination preference method opponent win_rate ci_low ci_high wins ties losses unparsed n_prompts"
    )
    assert list(tables.win_rates.columns[:15]) == [*design.split(), "p_holm"]
    assert AVERAGE_COLUMNS[:8] == "set judge method average_win_rate ci_low ci_high mean_tokens seeds".split()
