"""The judge's calls as files for a batch service, and the way back."""

import json

import pytest
from chat_server import completion
from judge_helpers import compare, verdicts

from mope.errors import MopeError
from mope.judging import batch_service as batch


def test_batch_files(serve, make, tmp_path):
    server = serve(lambda n, r: "Output (a)")
    judge = make(server.url)
    judge.judge(compare(2))
    paths = batch.prepare(judge, compare(5), tmp_path / "batch")
    requests = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    assert len(requests) == 3 and {r["url"] for r in requests} == {"/v1/chat/completions"}
    assert all(r["custom_id"] == judge.key(r["body"]) and len(r["custom_id"]) <= 64 for r in requests)
    with pytest.raises(MopeError, match="batch"):
        judge.kept(compare(5))
    good = [
        {"custom_id": r["custom_id"], "error": None,
         "response": {"status_code": 200, "body": completion("Output (b)")}} for r in requests[:2]
    ]  # fmt: skip
    bad = {"custom_id": requests[2]["custom_id"], "response": {"status_code": 500, "body": {}}, "error": None}
    gone = {"custom_id": requests[2]["custom_id"], "response": None, "error": {"code": "batch_expired"}}
    results = tmp_path / "results.jsonl"
    results.write_text("".join(json.dumps(r) + "\n" for r in [*good, bad, gone]))
    assert batch.store_results(judge.cache, results) == (2, 2)
    assert len(batch.prepare(judge, compare(5), tmp_path / "again")) == 1
    assert verdicts(judge.judge(compare(5))) == ["first", "first", "second", "second", "first"]
    assert len(server.requests) == 3
    results.write_text("no JSON\n")
    with pytest.raises(MopeError, match="results.jsonl:1"):
        batch.store_results(judge.cache, results)


def test_batch_files_are_split(make, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "MAX_LINES", 4)
    paths = batch.prepare(make("http://127.0.0.1:9/v1"), compare(10), tmp_path / "batch")
    assert [len(p.read_text().splitlines()) for p in paths] == [4, 4, 2]
