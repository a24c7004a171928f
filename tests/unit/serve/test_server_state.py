"""What the server counts, in Prometheus's text format."""

import threading
import time

from fastapi.testclient import TestClient
from tiny_run import QUESTION

from mope.serve.api import make_app
from mope.serve.served_run import ServedRun
from mope.serve.server_limits import Limits
from mope.serve.server_state import label_value

JSON = {"Content-Type": "application/json"}


def counted(client: TestClient) -> list[str]:
    return [line for line in client.get("/metrics").text.splitlines() if line.startswith("mope_requests_total{")]


def ask(client: TestClient, model: str, **fields) -> int:
    body = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 1, **fields}
    return client.post("/v1/chat/completions", json=body).status_code


def test_one_series_per_row_and_combination_however_it_is_written(client: TestClient) -> None:
    for model in ("mope:P1A-P2B-P3A", "mope:friendly P2B elementary"):
        assert ask(client, model) == 200
    assert ask(client, "mope", preferences={"P1A": 2, "P2B": 1, "friendly": 1}) == 200
    assert ask(client, "ELEMENTARY") == ask(client, "P1A") == 200
    assert ask(client, 'no"\n\\é') == ask(client, "nor this") == 400
    assert counted(client) == [
        'mope_requests_total{model="",status="400"} 2',
        'mope_requests_total{model="P1A",status="200"} 2',
        'mope_requests_total{model="mope:P1A-P2B-P3A",status="200"} 3',
    ]


def test_what_is_refused_before_it_is_understood_is_counted(client: TestClient) -> None:
    assert client.post("/v1/completions", content=b"x" * (1 << 21), headers=JSON).status_code == 413
    assert 'mope_requests_total{model="",status="413"} 1' in counted(client)


def test_a_server_that_is_not_ready_counts_whom_it_sends_away(served: ServedRun) -> None:
    asked = threading.Event()

    def load() -> ServedRun:
        assert asked.wait(30)
        return served

    with TestClient(make_app(load, Limits())) as client:
        assert ask(client, "base") == 503
        assert counted(client) == ['mope_requests_total{model="",status="503"} 1']
        asked.set()
        while client.get("/health").status_code != 200:  # else it would load beside the tests that follow
            time.sleep(0.01)


def test_only_what_prometheus_escapes_is_escaped() -> None:
    assert label_value('a"b\\c\nd\té') == 'a\\"b\\\\c\\nd\té'
