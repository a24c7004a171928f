"""The stage of the chat judge as it is called: killed, stopped and started again."""

import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from judge_helpers import ROOT, SECRET, SETTINGS, TEMPLATES

from mope.provenance.artifact import write


def responses(folder, methods, prompts=10):
    paths = []
    for method in methods:
        rows = [(f"q{i}", f"Question {i}?", "P1A-P2B", f"{method} says {i}", 5, "stop", 0) for i in range(prompts)]
        table = pd.DataFrame(rows, columns="prompt_id prompt combination response n_tokens finish_reason seed".split())
        paths.append(folder / "single" / f"{method}.parquet")
        with write(paths[-1], stage="test", params={}, seeds={}) as tmp:
            table.to_parquet(tmp)
    return paths


def stage(tmp_path, url, paths, **changes):
    settings = {**SETTINGS, "base_url": url, **changes}
    return [
        sys.executable, str(ROOT / "workflow" / "scripts" / "judge_chat.py"), "--judge", "llm",
        "--responses", *map(str, paths), "--max-unparsed", "0.02",
        "--settings", json.dumps(settings), "--templates", str(TEMPLATES), "--cache", str(tmp_path / "cache.sqlite"),
        "--output", str(tmp_path / "judgments"),
    ]  # fmt: skip


def run_stage(command):
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_killed_and_started_again(serve, tmp_path):
    """Kill -9 twice at arbitrary moments: every verdict is there, only calls under way at a kill come again."""

    def answer(number, request):
        time.sleep(0.03)
        return "Output (a)"

    server, concurrency = serve(answer), 2
    paths = responses(tmp_path, ["mod", "soup", "mope"])
    command = stage(tmp_path, server.url, paths, concurrency=concurrency)
    total = 3 * 10 * 2 * 2  # pairs, prompts, preferences, orders
    for calls in (20, 70):
        process = run_stage(command)
        while len(server.requests) < calls and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not list(tmp_path.rglob("judgments/**/*.parquet"))
    process = run_stage(command)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert len({json.dumps(r) for r in server.requests}) == total
    assert total <= len(server.requests) <= total + 2 * concurrency
    tables = [pd.read_parquet(p) for p in tmp_path.rglob("judgments/**/*.parquet")]
    assert sum(map(len, tables)) == total and SECRET not in output
    assert "calls to make" in output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_stop_repeats_nothing(serve, tmp_path, number):
    def answer(number, request):
        time.sleep(0.05 if number < 10 else 0.4)  # slow enough for the signal to come in time on a busy machine
        return "Output (a)"

    server = serve(answer)
    command = stage(tmp_path, server.url, responses(tmp_path, ["mod", "mope"]))
    process = run_stage(command)
    while len(server.requests) < 10 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(number)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 2 and "run the stage again" in output.splitlines()[-1] and "Traceback" not in output
    assert len(server.requests) < 40
    output, _ = (process := run_stage(command)).communicate(timeout=300)
    assert process.returncode == 0, output
    assert len(server.requests) == 40


def test_parse_failures_stop_the_stage(serve, tmp_path):
    server = serve(lambda n, r: "no idea" if n % 10 == 0 else "TIE")
    process = run_stage(stage(tmp_path, server.url, responses(tmp_path, ["mod", "mope"])))
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 2 and "'no idea'" in output.splitlines()[-1]
    assert not list(tmp_path.rglob("judgments/**/*.parquet"))


def test_a_stop_ends_the_waiting_for_a_server(serve, tmp_path):
    """A server that asks to come again in an hour: the stage must not hold out until then."""

    def later(handler):
        handler.reply(429, {"error": {"message": "slow down"}}, [("Retry-After", "3600")])

    server = serve(lambda n, r: later)
    process = run_stage(stage(tmp_path, server.url, responses(tmp_path, ["mod", "mope"])))
    while len(server.requests) < SETTINGS["concurrency"] and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.3)
    sent = time.monotonic()
    process.send_signal(signal.SIGHUP)
    output, _ = process.communicate(timeout=300)
    assert time.monotonic() - sent < 60  # not an hour
    assert process.returncode == 2 and "run the stage again" in output.splitlines()[-1] and "Traceback" not in output
    assert "waiting 600 seconds: RateLimitError: status 429: slow down" in output


def test_address_and_model_are_enough_and_the_record_says_what_was_sent(serve, tmp_path):
    def plan(number, request):
        refusal = {"error": {"message": "Unsupported value: temperature", "param": "temperature"}}
        return "TIE" if "temperature" not in request else lambda h: h.reply(400, refusal)

    server = serve(plan)
    command = stage(tmp_path, "", responses(tmp_path, ["mod", "mope"], prompts=2))
    command[command.index("--settings") + 1] = json.dumps({"base_url": server.url, "model": "m"})
    output, _ = (process := run_stage(command)).communicate(timeout=300)
    assert process.returncode == 0, output
    table = tmp_path / "judgments" / "single" / "llm" / "mod--mope.parquet"
    record = json.loads(table.with_name(table.name + ".meta.json").read_text())
    assert record["params"]["temperature"] == 0.0 and record["params"]["changes"] == ["no temperature"]
    assert record["params"]["key_variable"] == "JUDGE_API_KEY"


def test_refusals_stop_the_stage_with_their_reason(serve, tmp_path):
    message = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
    refusal = {"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
    server = serve(lambda n, r: lambda h: h.reply(200, refusal))
    command = stage(tmp_path, server.url, responses(tmp_path, ["mod", "mope"], prompts=2))
    for calls in (8, 16):  # a new run asks again
        output, _ = (process := run_stage(command)).communicate(timeout=300)
        assert process.returncode == 2 and "refused: I cannot help with that." in output.splitlines()[-1]
        assert len(server.requests) == calls
