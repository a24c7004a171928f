"""Rates and times from Locust's account, by hand; and Locust itself, where it is installed."""

import json
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from mope.benchmark.load_measurements import growth, percentiles, rates_and_times, under_load
from mope.benchmark.server_process import ServerProcess
from mope.errors import MopeError
from mope.training.tokenizer import train_tokenizer


def entry(name: str, start: float, last: float, times: dict[str, int], failures: int = 0, length: int = 0) -> dict:
    return {
        "name": name,
        "start_time": start,
        "last_request_timestamp": last,
        "num_requests": sum(times.values()),
        "num_failures": failures,
        "total_content_length": length,
        "response_times": times,
    }


def test_rates_count_from_the_start_of_the_clients() -> None:
    entries = [
        entry("start", 100.0, 100.0, {"0": 2}),
        entry("first token", 101.0, 109.0, {"50": 3, "100": 1}),
        entry("answer", 102.0, 110.0, {"2000": 4, "4000": 1}, failures=1, length=200),
    ]
    found = rates_and_times(entries)
    assert (found["answers"], found["failures"], found["tokens"], found["seconds"]) == (4, 1, 200, 10.0)
    assert found["tokens_per_second"] == 20.0
    assert found["first_token_s"] == {"p50": 0.05, "p95": pytest.approx(0.0925)}
    with pytest.raises(MopeError, match="a longer time is expected"):
        rates_and_times(entries[:1])


def test_percentiles_weigh_times_by_their_counts() -> None:
    assert percentiles({"1000": 99, "9000": 1}) == {"p50": 1.0, "p95": 1.0}
    assert percentiles({"10": 1, "20": 1}) == {"p50": 0.015, "p95": 0.0195}


def test_growth_leaves_the_warming_up_out() -> None:
    warming = [(float(t), 100.0 + 50 * (t >= 3)) for t in range(40)]
    assert growth(warming) == {"early_mb": 150.0, "late_mb": 150.0, "growth_mb": 0.0}
    assert growth([(float(t), 100.0 + t) for t in range(40)])["growth_mb"] == pytest.approx(32.0)
    with pytest.raises(MopeError, match="soak longer"):
        growth(warming[:5])


EVENTS = [{"choices": [{"delta": {"role": "assistant", "content": ""}}]}]
EVENTS += [{"choices": [{"delta": {"content": word}}]} for word in ("rain ", "rain ", "rain")]


@pytest.mark.skipif(find_spec("locust") is None, reason="the package locust is not installed; the extra `load` has it")
def test_clients_count_tokens_and_failures(serve: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = train_tokenizer(["rain rain rain"] * 5, 300)
    tokenizer.save_pretrained(tmp_path)
    stream = b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in EVENTS) + b"data: [DONE]\n\n"

    def plan(number: int, request: dict) -> Callable:
        time.sleep(0.2)
        return lambda handler: handler.reply(*((503, {"error": "busy"}) if number == 3 else (200, stream)))

    server, quiet = serve(plan), ServerProcess(["true"], tmp_path / "log", {})
    quiet.url = server.url.removesuffix("/v1")
    monkeypatch.setattr(ServerProcess, "megabytes", lambda self: 1.0)
    settings = {"models": ["m"], "prompts": ["What is rain?"], "max_tokens": 8, "temperature": 0.5}
    found = under_load(quiet, settings | {"tokenizer": str(tmp_path)}, 2, 3)
    per_answer = len(tokenizer.encode("rain rain rain", add_special_tokens=False))
    assert found["failures"] == 1 and found["answers"] == len(server.requests) - 1 > 4
    assert found["tokens"] == per_answer * found["answers"]
    assert server.most == 2 and {request["stream"] for request in server.requests} == {True}
    assert len({request["seed"] for request in server.requests}) == len(server.requests)
    assert 0.2 <= found["first_token_s"]["p50"] <= found["answer_s"]["p95"]


def test_a_server_that_ends_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no port {port}')"]
    with pytest.raises(MopeError, match="has ended with 1"), ServerProcess(command, tmp_path / "log", {}):
        pass
    assert "no port" in (tmp_path / "log").read_text()
