"""What a client is told of a body that is no question."""

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
    assert what_is_wrong({"type": "string_type", "loc": place, "msg": "wrong"}) == (field, "wrong")
