"""The judge, table, claim and figure stages as they are called, on answers of the embedded world."""

import hashlib
import json
import random
import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mope.dag.figures import read_figures
from mope.preferences import load_preferences
from mope.provenance.artifact import require, write
from mope.world.answers import STYLES, Style, compose
from mope.world.questions import split_questions
from mope.world.worlds import load

WORLD = load("everyday")
SCRIPTS = Path(__file__).parents[4] / "workflow" / "scripts"
METHODS = {"vanilla": 0.0, "prompting": 0.3, "soup_factor": 0.6, "mod": 0.5, "mope": 0.95}  # follow rates
SETS = ("single", "comparison")
COMBINATIONS = ("P1A-P2A-P3A", "P1B-P2B-P3B")
SETTINGS = {
    "seed": 7,
    "resamples": 1000,
    "named": ["soup_factor", "mod", "prompting"],
    "max_unparsed": 0.02,
    "about_length": ["P2A", "P2B"],
}
JUDGES = {"truth": 0.1, "rubric": 0.05}  # kind: dead band
FIGURES = ("win_rate_matrix", "preference_bars", "combination_bars", "length_win_rate")
TABLE = ("win_rates", "average_by_cell", "average_win_rates")
PREFERENCES = SCRIPTS.parent / "prompts" / "preferences.yaml"


def call(script, **options):
    arguments = [script]
    for name, value in options.items():
        values = value if isinstance(value, list) else [json.dumps(value) if isinstance(value, dict) else value]
        arguments += [f"--{name.replace('_', '-')}", *map(str, values)]
    before, sys.argv = sys.argv, arguments
    try:
        runpy.run_path(str(SCRIPTS / f"{script}.py"), run_name="__main__")
    finally:
        sys.argv = before


def own_preferences(folder):
    """The copy that a run of these preferences keeps."""
    known = load_preferences(PREFERENCES, ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"])
    content = {"names": known.names, "texts": known.texts, "length_dimensions": list(known.length_dimensions)}
    content["dimensions"] = [[name, list(poles)] for name, poles in known.dimensions.items()]
    call("take_preferences", settings=content, out=folder / "preferences.yaml")
    return folder / "preferences.yaml"


def plot(folder, figure, given):
    outputs = [folder / "figures" / f"{figure}{suffix}" for suffix in (".svg", ".png")]
    if "preferences" in read_figures()[figure].sources:
        given += [f"preferences={own_preferences(folder)}"]
    call("plot", figure=figure, input=given, judge="rubric", output=outputs)


def answers(folder):
    for name in SETS:
        questions = split_questions(WORLD, 7)[name][:12]
        for method, follow_rate in METHODS.items():
            rng, rows = random.Random(f"{name} {method}"), []
            for i, question in enumerate(questions):
                for combination in COMBINATIONS:
                    for seed in (0, 1, 2) if method == "mope" else (0,):
                        followed = [p for p in combination.split("-") if rng.random() < follow_rate]
                        text = compose(WORLD, question, Style(**dict(STYLES[p] for p in followed)), rng)
                        ids = (f"{name}-{i:02d}", question.text, combination)
                        rows.append((*ids, text, len(text.split()), "stop", seed))
            columns = "prompt_id prompt combination response n_tokens finish_reason seed".split()
            table = pd.DataFrame(rows, columns=columns)
            scores = table.assign(preference=table["combination"].str.split("-")).explode("preference")
            scores["reward"] = np.random.default_rng(0).normal(follow_rate, 0.3, len(scores))
            scores["bt_reward"] = 1 / (1 + np.exp(-scores["reward"]))
            for kind, content in (("responses", table), ("scores", scores.drop(columns="response"))):
                with write(folder / kind / name / f"{method}.parquet", stage="test", params={}, seeds={}) as tmp:
                    content.to_parquet(tmp, index=False)


def stages(folder):
    """All stages of this part; returns the digests of what they wrote."""
    files = {
        kind: [folder / kind / s / f"{m}.parquet" for s in SETS for m in METHODS] for kind in ("responses", "scores")
    }
    for name in SETS:
        own = [p for p in files["responses"] if p.parent.name == name]
        for kind, dead_band in JUDGES.items():
            judged = {"settings": {"dead_band": dead_band}, "output": folder / "judgments" / name / kind}
            call("judge_text", world=WORLD.name, kind=kind, responses=own, **judged)
    judgments = [p for s in SETS for j in JUDGES for p in sorted((folder / "judgments" / s / j).glob("*.parquet"))]
    tables = folder / "tables"
    known = {"judgments": judgments, "scores": files["scores"]}
    call("aggregate", **known, responses=files["responses"], settings=SETTINGS, output=tables)
    call("agreement", **known, output=tables / "agreement.csv")
    world, again = {"world": WORLD.name, "responses": files["responses"]}, {"resamples": 200, "seed": 7}
    call("correctness", **world, settings=again, output=tables / "correctness.csv")
    call("tone_classifier", world=WORLD.name, output=tables / "tone_classifier.csv")
    beside = {"annotator": "world", "output": tables / "annotator_agreement.csv"}
    call("annotator_agreement", **world, settings={**again, "judges": dict(zip(JUDGES, JUDGES))}, **beside)
    rates, means = tables / "win_rates.csv", tables / "average_win_rates.csv"
    call("tables", win_rates=rates, averages=means, judge="rubric", output=tables)
    differences, claims = tables / "average_differences.csv", folder / "claims.json"
    known = {"correctness": tables / "correctness.csv"}
    call("claims", win_rates=rates, averages=means, differences=differences, **known, judge="truth", output=claims)
    call("overview", run=folder, claims=claims, averages=means, judge="rubric", output=folder / "overview.html")
    csv = sorted(tables.glob("*.csv"))
    call("table_pages", tables=csv, output=[path.with_suffix(".html") for path in csv])
    for figure in FIGURES:
        plot(
            folder, figure, [f"{name}={tables / name}.csv" for name in read_figures()[figure].sources if name in TABLE]
        )
    plot(folder, "reward_fronts", [f"scores={path}" for path in files["scores"] if path.parent.name == "single"])
    made = [p for part in ("judgments", "tables", "figures") for p in sorted((folder / part).rglob("*")) if p.is_file()]
    made += [claims, folder / "overview.html"]
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(require(p).read_bytes()).hexdigest()
        for p in made
        if not p.name.endswith(".meta.json")
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folders = [tmp_path_factory.mktemp(name) / "run" for name in ("first", "second")]
    digests = []
    for folder in folders:
        answers(folder)
        digests.append(stages(folder))
    return folders[0], digests


def test_two_runs_are_byte_identical(runs):
    _, (first, second) = runs
    assert len(first) > 20 and first == second


def test_the_obedient_method_wins(runs):
    folder, _ = runs
    means = pd.read_csv(folder / "tables" / "average_win_rates.csv")
    for _, own in means.groupby(["set", "judge"]):
        assert list(own.sort_values("average_win_rate")["method"])[-1] == "mope"
        assert own.set_index("method")["average_win_rate"].idxmin() == "vanilla"
    claims = {c["id"]: c for c in json.loads((folder / "claims.json").read_text())}
    assert claims["mope-beats-prompting:single"]["verdict"] == "reproduced"
    assert claims["mope-faster-than-soups"]["verdict"] == "not run" and claims["bt-above-raw"]["verdict"] == "not run"
    assert claims["mope-less-helpful:single"]["verdict"] == "untestable"  # all of these answers are sound


def test_what_the_truth_knows_of_these_answers(runs):
    folder, _ = runs
    table = pd.read_csv(folder / "tables" / "correctness.csv")
    assert (table.sound == 1).all() and (table[["with_invented", "invented", "repeated"]] == 0).all(axis=None)
    asked = table[table.preference == "all"].groupby("method")[["in_register", "in_tone"]].mean()
    assert (asked.loc["mope"] > 0.9).all() and (asked.loc["mope"] > asked.loc["prompting"]).all()
    agreed = pd.read_csv(folder / "tables" / "annotator_agreement.csv").set_index(["preference", "judge"])
    register = agreed.loc[["P1A", "P1B"]].spearman.unstack()
    assert (register.rubric > register.truth).all()  # the annotator and the rubric count letters, the truth does not
    tones = pd.read_csv(folder / "tables" / "tone_classifier.csv")
    assert set(tones.on) == {"examples, held out", "embedded world"} and tones.accuracy.between(0.5, 1).all()


def test_the_order_of_the_sets_and_methods_is_kept(runs):
    folder, _ = runs
    means = pd.read_csv(folder / "tables" / "average_win_rates.csv")
    assert list(means["set"].unique()) == list(SETS) and list(means["method"].unique()) == list(METHODS)


def test_judges_of_texts_have_no_position_bias(runs):
    folder, _ = runs
    swaps = pd.read_csv(folder / "tables" / "swap_consistency.csv")
    assert (swaps["consistency"] == 1).all() and (swaps["first_share"] == 0.5).all()


def test_the_overview_starts_with_the_claims_and_asks_for_nothing(runs):
    folder, _ = runs
    html = (folder / "overview.html").read_text()
    assert html.index('id="claims"') < html.index("Evaluation set single")
    assert "run run" in html and " commit" in html
    assert "what the papers published: " in html and "✓ reproduced" in html and "not run" in html
    assert not any(word in html for word in ("http:", "https:", "<script", "src=", "@import"))


def test_a_damaged_input_is_refused_in_one_line(runs, capsys):
    folder, _ = runs
    table = folder / "tables" / "win_rates.csv"
    content = table.read_bytes()
    table.write_bytes(content[:-20])
    try:
        with pytest.raises(SystemExit) as caught:
            call("plot", figure="win_rate_matrix", input=f"win_rates={table}", judge="rubric", output=folder / "x.png")
    finally:
        table.write_bytes(content)
    said = capsys.readouterr().err.strip().splitlines()
    assert caught.value.code == 2 and len(said) == 1 and "win_rates.csv" in said[0]
    assert not (folder / "x.png").exists()


def test_human_study(runs):
    folder, _ = runs
    responses = [folder / "responses" / "single" / f"{m}.parquet" for m in ("mope", "mod")]
    settings = {"preferences": ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"], "methods": ["mope", "mod"], "pairs": 10,
                "seed": 1}  # fmt: skip
    paths = {"page": folder / "study.html", "key": folder / "key.csv"}
    call("human_study", responses=responses, preferences=PREFERENCES, settings=settings, **paths)
    key = pd.read_csv(folder / "key.csv")
    better = np.where(key["left"] == "mope", "left", "right")
    raters = []
    for rater in ("ann", "bob"):
        raters.append(folder / f"{rater}.csv")
        rows = {"study": key["study"], "rater": rater, "item": key["item"], "answer": better}
        pd.DataFrame(rows).to_csv(raters[-1], index=False)
    judgments = [folder / "judgments" / "single" / "rubric" / "mod--mope.parquet"]
    options = {"key": folder / "key.csv", "judgments": judgments, "focus": "mope", "output": folder / "tables"}
    call("human_results", ratings=raters, **options)
    people = pd.read_csv(folder / "tables" / "human_study.csv").set_index("opponent")
    assert people.loc["mod", "win_rate"] == 1 and people.loc["all", "alpha"] == 1
    judges = pd.read_csv(folder / "tables" / "human_agreement.csv").set_index("judge")
    assert set(judges.index) == {"rubric"} and (judges["pairs"] == 10).all()
