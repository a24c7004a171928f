"""The application's replies to what clients send, right or wrong."""

import pytest
from fastapi.testclient import TestClient

from mope.serve import api

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
