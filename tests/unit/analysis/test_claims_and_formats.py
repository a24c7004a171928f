"""Claims get their verdict from the interval alone; tables for people show what the CSV says."""

import json

import pandas as pd
import pytest

from mope.analysis.claims import CLAIMS, claims, tables_of
from mope.analysis.evaluation import by_rewards, evaluate
from mope.analysis.findings import Tables
from mope.analysis.reward_accuracy import ACCURACY_COLUMNS, reward_accuracy
from mope.analysis.win_rates import AVERAGE_COLUMNS, average_differences, average_win_rates, win_rates
from mope.report.formats import averages, document, latex, markdown, matrix


def both_views(e, scores, tokens):
    """Tables of a judge and of the reward models below each other."""
    views = (e, by_rewards(e, scores))
    made = [(win_rates(v, []), average_win_rates(v, tokens), average_differences(v)) for v in views]
    return Tables(*(pd.concat(parts, ignore_index=True) for parts in zip(*made, strict=True)))


@pytest.fixture(scope="module")
def evaluation(run):
    judgments, responses = run
    return evaluate("single", "rubric", list(responses), judgments, resamples=500, seed=1, max_unparsed=0)


@pytest.fixture(scope="module")
def all_tables(evaluation, scores, tokens):
    return both_views(evaluation, scores, tokens)


@pytest.fixture(scope="module")
def tables(all_tables):
    """Those of the judge alone."""
    return tables_of(all_tables, "rubric")


def test_claims_of_a_run(all_tables):
    tables = all_tables
    records = claims(tables, "rubric")
    by_id = {r["id"]: r for r in records}
    known = set(tables.win_rates.method)
    assert list(by_id) == [f"{c.id}:single" if c.by_set and known.issuperset(c.methods) else c.id for c in CLAIMS]
    absent = [r for c, r in zip(CLAIMS, records, strict=True) if not known.issuperset(c.methods)]
    assert absent and {(r["verdict"], r["ours"], r["reward_models"]) for r in absent} == {("not run", None, None)}
    fields = "id claim published ours ci_low ci_high prompts_low prompts_high reward_models verdict note".split()
    assert all(list(r) == fields for r in records)
    won = by_id["mope-beats-mod:single"]
    assert won["verdict"] == "reproduced" and won["ci_low"] <= won["ours"] <= won["ci_high"]
    row = all_tables.win_rates.query(
        "judge == 'reward_models' and method == 'mope' and opponent == 'mod' and preference == combination == 'all'"
    ).iloc[0]
    shown = {"ours": row.win_rate} | row[["ci_low", "ci_high", "prompts_low", "prompts_high"]].to_dict()
    assert won["reward_models"] == pytest.approx(shown, abs=1e-6)
    sound = by_id["mope-less-helpful:single"]
    assert sound["verdict"] == "untestable" and sound["note"].endswith("of an embedded world") and not sound["ours"]
    assert by_id["mope-highest:single"]["verdict"] == "reproduced"
    for absent in ("mope-faster-than-soups", "people-prefer-mope-to-prompting"):
        assert by_id[absent]["verdict"] == "not run" and by_id[absent]["ours"] is None
    json.dumps(records, allow_nan=False)


def test_sets_and_methods_may_be_any(tables):
    """Sets of other names, and a run without the soup: as many claims per set, those on the soup not run."""
    names = {"win_rates": tables.win_rates, "averages": tables.averages, "differences": tables.differences}
    fewer = {name: t[t["method"] != "soup_factor"] for name, t in names.items()}
    both = {
        name: pd.concat([t.assign(set=s) for s in ("own", "koala")], ignore_index=True) for name, t in fewer.items()
    }
    records = claims(Tables(**both), "rubric")
    by_set = {
        name: [r["id"].split(":")[0] for r in records if r["id"].endswith(f":{name}")] for name in ("own", "koala")
    }
    assert by_set["own"] == by_set["koala"] and "mope-beats-mod" in by_set["own"]
    on_soup = {c.id for c in CLAIMS if "soup_factor" in c.methods}
    whole = {r["id"]: r["verdict"] for r in records if ":" not in r["id"]}
    assert on_soup < whole.keys() and set(whole.values()) == {"not run"}
    assert not on_soup & set(by_set["own"])


def test_a_claim_that_fails_is_listed_as_failed(tables):
    losing = tables.win_rates.assign(
        method=tables.win_rates["opponent"], opponent=tables.win_rates["method"]
    )  # every method takes its opponent's place
    by_id = {r["id"]: r for r in claims(Tables(losing, tables.averages, tables.differences), "rubric")}
    assert by_id["mope-beats-mod:single"]["verdict"] == "not reproduced"


def test_judges_that_disagree_are_told(evaluation, scores, tokens):
    """Reward models that see everything the other way round, and some that see no difference."""
    against = scores.assign(reward=-scores.reward, bt_reward=1 - scores.bt_reward)
    by_id = {r["id"]: r for r in claims(both_views(evaluation, against, tokens), "rubric")}
    assert by_id["mope-beats-mod:single"]["verdict"] == "judges disagree"
    assert "weakest on P" in by_id["mope-beats-mod:single"]["note"]
    blind = scores.assign(reward=0.0, bt_reward=0.5)
    told = {r["id"]: r for r in claims(both_views(evaluation, blind, tokens), "rubric")}["mope-beats-mod:single"]
    assert told["verdict"] == "reproduced by the judge alone" and told["reward_models"] is None
    assert told["note"].startswith("every answer of mope ties with that of mod; weakest on P")


def test_claims_are_about_the_primary_judge_only(tables):
    assert {record["verdict"] for record in claims(tables, "chat")} == set()


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
