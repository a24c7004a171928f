"""The application's replies to what clients send, right or wrong."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from mope.serve import answer_route, api
from mope.serve.served_run import ServedRun

ASKED = {"model": "base", "messages": [{"role": "user", "content": "Why is the sky blue?"}]}


def test_broken_unicode_is_the_clients_error(client: TestClient) -> None:
    body = b'{"model": "base", "messages": [{"role": "user", "content": "\\ud83d"}]}'
    reply = client.post("/v1/chat/completions", content=body, headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "messages"), reply.text


def test_a_fault_of_the_server_has_the_shape_of_other_errors(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_) -> None:
        raise RuntimeError("a secret of the server")

    monkeypatch.setattr(api, "reply_to", broken)
    reply = client.post("/v1/chat/completions", json=ASKED)
    error = reply.json()["error"]
    assert (reply.status_code, error["type"]) == (500, "server_error") and "secret" not in reply.text
    assert 'status="500"} 1' in client.get("/metrics").text


def test_what_is_far_too_long_is_refused_before_it_is_tokenized(
    client: TestClient, served: ServedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = served.models["base"]
    monkeypatch.setitem(served.models, "base", replace(model, row=replace(model.row, request=None)))  # which tokenizes
    for field, path in (("messages", "/v1/chat/completions"), ("prompt", "/v1/completions")):
        text = "x" * (served.most_characters + 1)
        said = {"prompt": text} if field == "prompt" else {"messages": [{"role": "user", "content": text}]}
        error = client.post(path, json={"model": "base", **said}).json()["error"]
        assert error["param"] == field and f"at most {served.most_characters} are expected" in error["message"]


def test_a_method_that_is_not_allowed_is_told_which_are(client: TestClient) -> None:
    for method, path, allowed in (
        ("GET", "/v1/chat/completions", {"POST"}),
        ("DELETE", "/v1/models", {"GET"}),
        ("POST", "/health", {"GET", "HEAD"}),
    ):
        reply = client.request(method, path)
        assert (reply.status_code, set(reply.headers["allow"].split(", "))) == (405, allowed)
        assert reply.json()["error"]["type"] == "invalid_request_error"


def test_monitors_ask_by_head(client: TestClient) -> None:
    for path in ("/", "/health"):
        reply = client.head(path)
        assert (reply.status_code, reply.content) == (200, b"") and int(reply.headers["content-length"]) > 0


def test_one_model_is_as_the_list_has_it(client: TestClient) -> None:
    listed = client.get("/v1/models").json()["data"]
    assert len({model["id"] for model in listed}) == len(listed)
    for model in listed:
        assert client.get(f"/v1/models/{model['id']}").json() == model
    assert client.get("/v1/models/mope%3AP1A-P2B-P3A").json()["id"] == "mope:P1A-P2B-P3A"


def test_a_model_that_is_unknown_is_not_found(client: TestClient) -> None:
    for name in ("gpt", "base:P1A-P2B-P3A", "mope:P1A"):
        reply = client.get(f"/v1/models/{name}")
        assert (reply.status_code, reply.json()["error"]["param"]) == (404, "model") and name in reply.text


def test_while_one_question_is_read_others_are_answered(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, parse = threading.Event(), threading.Event(), answer_route.parse_question

    def slow(*asked):
        begun.set()
        assert go_on.wait(30)
        return parse(*asked)

    monkeypatch.setattr(answer_route, "parse_question", slow)
    with ThreadPoolExecutor(2) as clients:
        reply = clients.submit(client.post, "/v1/chat/completions", json=ASKED)
        assert begun.wait(30)
        try:
            assert clients.submit(client.get, "/health").result(timeout=300).status_code == 200
        finally:
            go_on.set()
        assert reply.result().status_code == 200
