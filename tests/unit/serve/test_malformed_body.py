"""What a client is told of a body that is no question."""

import json

import pytest
from fastapi.testclient import TestClient

from mope.serve.malformed_body import what_is_wrong

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("body", [b'{"model": "base", ', b"\xff\xfe", b"{} {}", b"[" * 20_000])
def test_a_mistake_in_the_syntax_is_of_no_field(client: TestClient, body: bytes) -> None:
    reply = client.post("/v1/chat/completions", content=body, headers=JSON)
    error = reply.json()["error"]
    assert (reply.status_code, error["param"]) == (400, None) and "body" in error["message"], reply.text


def test_a_mistake_in_the_syntax_is_told_with_its_place(client: TestClient) -> None:
    error = client.post("/v1/completions", content=b'{"model": }', headers=JSON).json()["error"]
    assert error["message"] == "the body is no JSON: Expecting value at character 10"


@pytest.mark.parametrize(("body", "headers"), [(b"", JSON), (b"null", JSON), (b"[]", JSON), (b'{"model": "base"}', {})])
def test_anything_but_an_object_of_json_is_of_no_field(client: TestClient, body: bytes, headers: dict) -> None:
    reply = client.post("/v1/chat/completions", content=body, headers=headers)
    error = reply.json()["error"]
    assert (reply.status_code, error["param"]) == (400, None) and "application/json" in error["message"]


@pytest.mark.parametrize(
    ("place", "field"),
    [
        (("body", "stop", "str"), "stop"),
        (("body", "messages", 0, "content", "list[TextPart]", 0), "messages.0.content"),
    ],
)
def test_a_field_is_named_as_clients_write_it(place: tuple, field: str) -> None:
    error = {"type": "string_type", "loc": place, "msg": "Input should be a string", "input": 5}
    assert what_is_wrong(error) == (field, "5 found; input should be a string")


def test_what_was_found_is_told(client: TestClient) -> None:
    asked = {"model": "base", "messages": [{"role": "user", "content": "x"}]}
    for wrong, told in (
        ({"temperature": -1}, "temperature: -1 found; input should be greater than or equal to 0"),
        ({"tools": [{}]}, "tools: [{}] found; extra inputs are not permitted"),
        ({"messages": [{"role": "user"}]}, "messages.0.content: missing; field required"),
        ({"n": "\ud83d" * 500}, " ... "),
    ):
        body = json.dumps(asked | wrong).encode()  # in which half a surrogate pair is possible
        reply = client.post("/v1/chat/completions", content=body, headers=JSON)
        message = reply.json()["error"]["message"]
        assert reply.status_code == 400 and told in message and len(message) < 300, message


def test_what_is_nested_deeply_is_refused_as_anything_else(client: TestClient) -> None:
    for depth in range(200, 1100, 20):
        body = b'{"model": ' + b"[" * depth + b"]" * depth + b"}"
        assert client.post("/v1/chat/completions", content=body, headers=JSON).status_code == 400
