"""Judges chosen in the configuration, through real Snakemake, on the answers of a finished smoke run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
from chat_server import completion

from mope.judging.verdicts import all_questions, read_responses
from mope.provenance.artifact import write

KEY_VARIABLE, SECRET = "JUDGE_KEY", "sk-" + "9876543210"  # in two parts: no file holds the whole
JUDGMENTS = "results/smoke/judgments/single/llm/mod--mope.parquet"
TABLES = ["results/smoke/tables/agreement.csv", "results/smoke/tables/average_win_rates.csv"]
CHAT = {
    "kind": "chat", "model": "m", "key_variable": KEY_VARIABLE, "temperature": 0.0, "seed": 0, "max_tokens": 8,
    "max_characters": 4000, "price_input": 1.0, "price_output": 2.0, "budget": 10.0, "concurrency": 4, "timeout": 20.0,
    "attempts": 5,
}  # fmt: skip


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, SECRET)


def start(folder: Path, *targets: str) -> subprocess.Popen[str]:
    """Snakemake in a process group of its own, as a terminal starts it."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--workflow-profile", "workflow/profiles/local"]
    environment = os.environ | {"PYTHONPATH": "workflow"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "start_new_session": True}
    return subprocess.Popen(
        [*command, "--config", "experiment=smoke", "--", *targets], cwd=folder, env=environment, **pipes
    )


def finish(folder: Path, *targets: str) -> str:
    process = start(folder, *targets)
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    return output


def longer(number: int, request: dict) -> str:
    """A judge who prefers the longer answer."""
    shown = request["messages"][-1]["content"]
    a, b = (len(shown.split(f"<output_{x}>")[1].split(f"</output_{x}>")[0]) for x in "ab")
    return "TIE" if a == b else "Output (a)" if a > b else "Output (b)"


def slowly(number: int, request: dict) -> str:
    time.sleep(0.03)
    return longer(number, request)


def agreement(folder: Path) -> pd.DataFrame:
    table = pd.read_csv(folder / TABLES[0])
    return table[table["preference"] == "all"].set_index(["judge", "other"])


def test_an_llm_judge_killed_and_started_again_repeats_no_call(run: Path, change: Callable, serve: Callable) -> None:
    server = serve(slowly)
    change(judges={"llm": {**CHAT, "base_url": server.url}})
    before = pd.read_csv(run / TABLES[1])
    for calls, number in ((30, signal.SIGKILL), (60, signal.SIGINT)):
        process = start(run, *TABLES)
        while len(server.requests) < calls and process.poll() is None:
            time.sleep(0.01)
        os.killpg(process.pid, number)
        process.communicate(timeout=300)
        assert not list(run.glob("results/smoke/judgments/single/llm/*.parquet"))
        subprocess.run(
            [sys.executable, "-m", "snakemake", "--unlock", "--config", "experiment=smoke"], cwd=run, check=True
        )
    finish(run, *TABLES)
    asked = {json.dumps(request) for request in server.requests}
    questions = all_questions(read_responses(sorted(run.glob("results/smoke/responses/single/*.parquet"))))
    assert len(asked) == len(set(questions)) > 60
    assert len(server.requests) <= len(asked) + CHAT["concurrency"]  # those under way at the first kill
    log = (run / "results/smoke/logs/judge_chat.llm.log").read_text()
    assert "calls to make" in log.splitlines()[0] and SECRET not in log
    after = pd.read_csv(run / TABLES[1])
    assert set(after["judge"]) == {"truth", "rubric", "reward_models", "llm"}
    assert after[after["judge"] != "llm"].reset_index(drop=True).equals(before)
    both = agreement(run).loc["rubric", "llm"]
    assert both["n"] > 100 and -1 <= both["kappa"] <= 1
    assert both.filter(regex="^(a|tie|b)_(a|tie|b)$").sum() == both["n"]
    names = ("truth", "rubric", "llm")
    assert set(agreement(run).index) == {*((name, "reward") for name in names), *combinations(names, 2)}
    shutil.rmtree(run / "results/smoke/judgments/single/llm")
    calls = len(server.requests)
    finish(run, JUDGMENTS)
    assert len(server.requests) == calls  # every answer was kept
    holding = [p for p in run.rglob("*") if p.is_file() and SECRET.encode() in p.read_bytes()]
    assert holding == []


def test_a_budget_stops_the_run_in_one_line(run: Path, change: Callable, serve: Callable) -> None:
    server = serve(longer)
    change(judges={"llm": {**CHAT, "base_url": server.url, "budget": 0.005}})
    process = start(run, JUDGMENTS)
    output, _ = process.communicate(timeout=100)
    assert process.returncode != 0
    failed = next(line for line in output.splitlines() if line.startswith("FAILED judge_chat llm"))
    assert "judges.llm.budget: 0.005" in failed and "raise the budget" in failed
    calls = len(server.requests)
    assert 0 < calls < 60
    change(judges={"llm": {**CHAT, "base_url": server.url}})
    finish(run, JUDGMENTS)
    assert len(server.requests) == len({json.dumps(request) for request in server.requests}) > calls


def test_a_batch_service_instead_of_calls(run: Path, change: Callable, make: Callable) -> None:
    change(judges={"llm": {**CHAT, "base_url": "http://127.0.0.1:9/v1"}})  # nobody listens there
    outcome = make(run, "judge-batch", "JUDGE=llm", "EXPERIMENT=smoke")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "calls to make" in outcome.stdout
    (requests,) = run.glob("results/smoke/batch/llm/requests-*.jsonl")
    results = run / "results.jsonl"
    with results.open("w") as file:
        for line in requests.read_text().splitlines():
            request = json.loads(line)
            response = {"status_code": 200, "body": completion(longer(0, request["body"]))}
            file.write(json.dumps({"custom_id": request["custom_id"], "error": None, "response": response}) + "\n")
    outcome = make(run, "judge-collect", "FILES=results.jsonl")
    assert "answers taken, 0 failed" in outcome.stdout, outcome.stderr
    finish(run, JUDGMENTS)
    assert make(run, "judge-batch", "EXPERIMENT=smoke").stderr.startswith("error: JUDGE is not set")


def test_reward_models_of_another_run(run: Path, change: Callable) -> None:
    """The other run holds this run's models under records of other feedback: so both must agree in every comparison."""
    own, other = run / "results/smoke", run / "results/other"
    with write(other / "feedback.csv", stage="test", params={}, seeds={}) as tmp:
        tmp.write_text("other feedback")
    for name in ("base", *(f"reward/{preference}" for preference in ("P1A", "P1B", "P2A", "P3A"))):
        with write(other / name, stage="test", params={}, seeds={}, inputs=[other / "feedback.csv"]) as tmp:
            shutil.copytree(own / name, tmp)
    change(judges={"held_out": {"kind": "reward", "run": "other", "dead_band": 0.0}})
    finish(run, TABLES[0])
    table = agreement(run)
    assert table.loc[("rubric", "held_out"), "n"] > 100
    assert table.loc[("held_out", "reward"), "agreement"] == 1
