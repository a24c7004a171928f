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
        process.wait()
        assert not list(tmp_path.rglob("judgments/**/*.parquet"))
    process = run_stage(command)
    output, _ = process.communicate(timeout=60)
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
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2 and "run the stage again" in output.splitlines()[-1] and "Traceback" not in output
    assert len(server.requests) < 40
    assert run_stage(command).wait(60) == 0
    assert len(server.requests) == 40


def test_parse_failures_stop_the_stage(serve, tmp_path):
    server = serve(lambda n, r: "no idea" if n % 10 == 0 else "TIE")
    process = run_stage(stage(tmp_path, server.url, responses(tmp_path, ["mod", "mope"])))
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2 and "'no idea'" in output.splitlines()[-1]
    assert not list(tmp_path.rglob("judgments/**/*.parquet"))
