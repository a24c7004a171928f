"""Whole pages: of a reference that holds little, and of one with other methods, judges, preferences and tables."""

import json
import re
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from mope.errors import MopeError
from mope.judging.judge_kinds import REWARD_MODELS
from mope.report.docs.all_pages import all_methods, project_configs
from mope.report.docs.configuration_page import configuration_page, described_keys, read_keys
from mope.report.docs.costs_page import costs_page
from mope.report.docs.methods_page import chosen_settings, described_methods, with_lines
from mope.report.docs.readme_blocks import durations, reference_sentence
from mope.report.docs.reference_runs import WHOLE_RUN, ReferenceRun, read_reference
from mope.report.docs.results_page import results_page
from mope.report.docs.short_verdict import short_verdict
from mope.report.docs.stage_times import stage_times

CLAIM = {"claim": "C, evaluation set k", "published": "p", "ours": 0.4, "ci_low": 0.3, "ci_high": 0.45, "note": ""}


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """results/reference of a run that nobody has made yet: one claim."""
    folder = tmp_path / "results/reference"
    folder.mkdir(parents=True)
    claims = [CLAIM | {"id": "c:k", "verdict": "not reproduced"}]
    (folder / "claims.json").write_text(json.dumps(claims))
    (tmp_path / "docs").mkdir()
    return folder


def page(reference: Path) -> str:
    return results_page(read_reference(reference), reference.parents[1] / "docs", {"F1": "casual"})


def test_a_reference_with_nothing_but_a_claim_has_a_page(reference: Path) -> None:
    text = page(reference)
    assert "**Of 1 tests of 1 claims that the papers published, one for each run and set:** 1 not reproduced." in text
    assert "**Not reproduced:** C (main, k)." in text
    assert costs_page(read_reference(reference), reference, reference.parents[1] / "docs").splitlines()[-1] == "# Costs"


def test_every_table_of_a_run_is_shown_or_named(reference: Path) -> None:
    tables = reference / "runs/other/tables"
    tables.mkdir(parents=True)
    pd.DataFrame({"set": ["k"], "soundness": [0.91234]}).to_csv(tables / "correctness.csv", index=False)
    pd.DataFrame({"set": ["k"] * 200, "x": range(200)}).to_csv(tables / "everything.csv", index=False)
    text = page(reference)
    assert "## Run `other`" in text and "| k | 0.912 |" in text
    assert "[`everything.csv`](../results/reference/runs/other/tables/everything.csv) | 200 |" in text


def test_each_judge_has_tables_of_its_own(reference: Path) -> None:
    (reference / "tables").mkdir()
    row = {"set": "k", "ci_low": 0.1, "ci_high": 0.4, "mean_tokens": 9.0, "seeds": 1, "seed_std": None}
    rows = [
        row | {"judge": judge, "method": method, "average_win_rate": rate}
        for judge, rates in {"truth": {"a": 0.6, "mope": 0.4}, "rubric": {"a": 0.3, "mope": 0.7}}.items()
        for method, rate in rates.items()
    ]
    pd.DataFrame(rows).to_csv(reference / "tables/average_win_rates.csv", index=False)
    text = page(reference)
    assert text.index("### Average win rates, judge `truth`") < text.index("### Average win rates, judge `rubric`")
    assert "**Run `main`.** By average win rate `a` is first on k with 60.0 % (`mope`: 40.0 %, rank 2 of 2)." in text


def test_the_replication_stands_beside_the_main_run(reference: Path) -> None:
    tables = reference / "runs/replication/tables"
    tables.mkdir(parents=True)
    rewards = pd.DataFrame({"set": "k", "method": ["mope", "a"], "bt_reward": [0.5, 0.6], "seed_std": None})
    rewards.to_csv(tables / "mean_rewards.csv", index=False)
    assert "**Run `replication`.** Mean reward above that of `mope`: `a` on k." in page(reference)


def test_the_time_of_the_tests_is_told_where_it_is_known(reference: Path) -> None:
    (reference / "timings.csv").write_text(
        "run,rule,seconds,peak_memory_mb,jobs\nr,train,60.0,7,2\nr,from first to last,90.0,7,1\n"
    )
    (main,) = read_reference(reference)
    assert durations(main, reference) == "`make results`: 2 minutes from the first job to the last."
    (reference / "tests.json").write_text('{"tests": 1200, "seconds": 600}')
    assert durations(main, reference).endswith("`make test`: 10 minutes for 1,200 tests.")
    costs = costs_page([main], reference, reference.parents[1] / "docs")
    assert "| `r` | 2 | 2 | 2 | 7 |" in costs and "| `train` | 2 | 60 | 7 |" in costs and "](" not in costs
    (reference / "stage_times.svg").write_text("<svg/>")
    assert "](../results/reference/stage_times.svg)" in costs_page([main], reference, reference.parents[1] / "docs")


def test_a_run_of_four_dimensions_has_its_cost_beside_three_experts(reference: Path) -> None:
    times = {"single": [1.0, 1.0, 1.0], "mope": [6.0, 4.0, 3.0], "mope_fewer": [4.0, 2.0, 2.0]}
    row = {"model": "m", "dtype": "float32", "device": "cpu", "requests": 8, "floor_ratio": 0.5}
    row |= {"ratio_to_single": 2.0, "ratio_to_transformers": 1.0}
    records = [
        row | {"system": name, "ms_per_step": sorted(found)[1], "ms_per_step_rounds": found}
        for name, found in times.items()
    ]
    for run, systems in (("four", 3), ("other", 2)):  # without `mope_fewer` there is nothing to compare
        file = reference / f"runs/{run}/benchmarks/decoding.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(records[:systems]))
    text = costs_page(read_reference(reference), reference, reference.parents[1] / "docs")
    assert "## Four experts beside three: `four`" in text and "`other`" not in text
    assert "| m | float32 | `mope_fewer` | 1.50 |" in text  # of 1.5, 2 and 1.5
    assert "| m | float32 | `mope_fewer` | 2.0 ms, 2.00x, 1.00x, 0.50 |" in text and "`single`" not in text


def test_the_figure_of_times_holds_the_minutes_and_share_of_each_rule() -> None:
    rules = [f"r,rule{i},{60 * i},7,2" for i in range(1, 15)]
    table = pd.read_csv(StringIO("\n".join(["run,rule,seconds,peak_memory_mb,jobs", *rules, f"r,{WHOLE_RUN},9,7,1"])))
    (axis,) = stage_times(table).axes
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels[-1] == "rule14 (2)" and labels[0] == "2 others" and len(labels) == 13
    assert [text.get_text() for text in axis.texts][::12] == ["6.0 (3%)", "28.0 (13%)"]


def test_comments_belong_to_their_keys() -> None:
    keys = read_keys("""\
# About the file.
run: a    # the name
data:     # a section
  # Of train,
  # and its source.
  train: {source: world}
  longest: 4   # characters;
               # of a file
  deep:
    leaf: [1,
           2]  # the last
""")
    run, data = keys
    assert (run.default, run.comment) == ("a", "the name")
    train, longest, deep = data.children
    assert data.comment == "a section" and train.comment == "Of train, and its source."
    assert (longest.default, longest.comment) == ("4", "characters; of a file")
    (leaf,) = deep.children
    assert (leaf.path, leaf.default, leaf.comment) == (("data", "deep", "leaf"), "[1, 2]", "the last")


def test_every_key_of_the_configuration_is_on_its_page(root: Path) -> None:
    text = configuration_page(root)
    keys = read_keys((root / "config.yaml").read_text())
    assert len(keys) > 20
    for key in keys:
        for leaf in key.children or (key,):
            assert f"| `{'.'.join(leaf.path[1:] or leaf.path)}` | " in text
            assert leaf.comment, f"{'.'.join(leaf.path)}: no comment in config.yaml, which is its meaning on the page"
    assert "| `eta` | `10.0` | number " in text and "| paper eq. 3 |" in text
    assert "| `mix` | `top_k` | whole number ≥ 1" in text


def test_what_a_key_may_hold_is_said_in_words() -> None:
    schema = {"$defs": {"share": {"type": "number", "minimum": 0, "exclusiveMaximum": 1}}}
    assert described_keys({"$ref": "#/$defs/share"}, schema) == "number ≥ 0 and < 1"
    assert (
        described_keys({"type": ["array", "null"], "items": {"enum": ["a", 2]}}, schema) == "list of `a`, `2`, or null"
    )
    assert described_keys({"type": "boolean"}, schema) == "true or false"


def test_readme_says_what_the_reference_shows_and_lacks(reference: Path) -> None:
    (reference / "tables").mkdir()
    row = {"set": "k", "method": "a", "average_win_rate": 0.5}
    table = pd.DataFrame([row | {"judge": judge} for judge in ("rubric", REWARD_MODELS)])
    table.to_csv(reference / "tables/average_win_rates.csv", index=False)
    runs = read_reference(reference)
    assert reference_sentence(runs, [], "rubric") == (
        "The reference results are of the runs `main`, judged by `rubric`."
    )
    assert reference_sentence(runs, ["paper", "small"], "truth").endswith(
        "`truth`, are not in this reference. No results in this reference: runs `paper` and `small`."
    )


def test_the_chosen_settings_stand_beside_the_best_of_the_others(reference: Path) -> None:
    tables = reference / "runs/sweep/tables"
    assert "not in this reference" in chosen_settings(read_reference(reference))
    tables.mkdir(parents=True)
    rows = {"mod": 0.7, "mod_own": 0.6, "mod_none": 0.75, "vanilla": 0.1, "modest": 0.9}
    rewards = pd.DataFrame({"set": "development", "method": rows.keys(), "bt_reward": rows.values(), "seed_std": None})
    rewards.to_csv(tables / "mean_rewards.csv", index=False)
    lines = chosen_settings(read_reference(reference)).splitlines()[2:]
    assert lines == ["| sweep | `mod` | 0.700 | 2 | `mod_none` | 0.750 |"]
    more = pd.DataFrame({"set": "development", "method": ["mod_top", "mod_top_5"], "bt_reward": [0.9, 0.8]})
    pd.concat([rewards, more]).to_csv(tables / "mean_rewards.csv", index=False)
    # A row that has settings of its own is none of another row's.
    assert chosen_settings(read_reference(reference)).splitlines()[2:] == [
        *lines,
        "| sweep | `mod_top` | 0.900 | 1 | `mod_top_5` | 0.800 |",
    ]


def test_the_page_says_whether_there_are_second_views(reference: Path) -> None:
    assert "are not in this reference" in page(reference) and "second view" not in page(reference)
    view = {"reward_models": {"ours": 0.3, "ci_low": 0.2, "ci_high": 0.4}}
    (reference / "claims.json").write_text(json.dumps([CLAIM | view | {"id": "c:k", "verdict": "not reproduced"}]))
    text = page(reference)
    assert "second view" in text and "; by reward 30.0 [20.0, 40.0]: **not reproduced**" in text


def test_prose_holds_no_figures(root: Path) -> None:
    """Shares stand in generated blocks and tables only; what the papers did is told in the first column of a table."""
    pages = [root / "README.md", *(root / "docs").glob("*.md"), *(root / "docs/howto").glob("*.md")]
    for file in pages:
        text = file.read_text(encoding="utf-8")
        if text.startswith("<!-- Written by"):
            continue
        text = re.sub(r"<!-- (\w+) -->\n.*?<!-- end \1 -->", "", text, flags=re.DOTALL)
        text = re.sub(r"^\|[^|]*\|", "", re.sub(r"```.*?```", "", text, flags=re.DOTALL), flags=re.MULTILINE)
        assert not re.findall(r".*\d ?%.*", text), file


def test_methods_have_the_lines_of_all_experiments() -> None:
    text = "| method | what | configuration |\n| --- | --- | --- |\n| `a` | First. | old |\n"
    filled = "`{kind: base}`<br>`{kind: soup}` in `one`, `two`"
    methods = {"a": {"{kind: base}": ["", "three"], "{kind: soup}": ["one", "two"]}, "own": {"{kind: mix}": ["mine"]}}
    assert with_lines(text, methods) == text.replace("old", filled)
    with pytest.raises(MopeError, match="`a`: no experiment"):
        with_lines(text, {})


def test_every_method_of_the_project_has_a_row(root: Path) -> None:
    page = (root / "docs/methods.md").read_text(encoding="utf-8")
    assert set(all_methods(project_configs(root))) <= set(described_methods(page))


def test_the_short_verdict_says_where_mope_is_first_and_where_it_is_not() -> None:
    rates = {"a": 0.6, "b": 0.5, "mope": 0.4}
    rows = [{"set": "k", "judge": "j", "method": m, "average_win_rate": r} for m, r in rates.items()]
    behind, ahead = pd.DataFrame(rows), pd.DataFrame(rows).replace({"a": "mope", "mope": "a"})
    weak = {"set": "k", "judge": "j", "method": "mope", "opponent": "a", "combination": "all", "preference": "P1A"}
    weak = pd.DataFrame([weak | {"win_rate": 0.3, "ci_low": 0.2, "ci_high": 0.4}])
    missed = [CLAIM | {"id": "c:k", "verdict": "not reproduced"}]
    real = ReferenceRun("smollm2", Path(), {"average_win_rates": behind}, missed, None, "", [])
    main = ReferenceRun("main", Path(), {"average_win_rates": ahead, "win_rates": weak}, [], None, "", [])
    first, second, third = short_verdict([main, real], [real, main], {"P1A": "elementary"})
    assert first == (
        "**On a pretrained language model MoPE is first on no set** by average win rate: smollm2, k: `mope` 40.0 %, "
        "rank 3 of 3 (best other `a` 60.0 %)."
    )
    assert second == (
        "**In the embedded worlds MoPE is first on 1 of 1 sets** by average win rate: main, k: `mope` 60.0 % (best "
        "other `b` 50.0 %). In `main`: by preference `mope` loses by its whole interval: P1A elementary on k against 1 "
        "of 1 methods."
    )
    assert (
        third.startswith("**Of 1 tests of 1 claims that the papers published") and "Not reproduced somewhere: " in third
    )


def test_readme_opens_with_at_most_three_lines_of_verdict(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    verdict = text.split("<!-- verdict -->")[1].split("<!-- end verdict -->")[0].strip()
    assert 1 <= verdict.count("\n- ") + 1 <= 3 and text.index("make results  ") < text.index("<!-- averages -->")
