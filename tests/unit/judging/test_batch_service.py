"""The judge's calls as files for a batch service, and the way back."""

import gzip
import json
import os
import re

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
    assert batch.store_results(judge.cache, results)[:2] == (2, 2)
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


FORMS = {
    "plain": lambda text: text.encode(),
    "gzip": lambda text: gzip.compress(text.encode()),
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-32": lambda text: text.encode("utf-32"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "empty lines": lambda text: ("\n\n" + text.replace("\n", "\n \n")).encode(),
    "no last newline": lambda text: text.rstrip().encode(),
    "line separators inside": lambda text: text.replace("TIE", "TIE\u2028\u2028").encode(),
}  # fmt: skip


def results(judge, n, text="TIE"):
    return [
        {"custom_id": key, "error": None, "response": {"status_code": 200, "body": completion(text)}}
        for key in judge.open_requests(compare(n))
    ]


def as_lines(records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


@pytest.mark.parametrize("form", FORMS)
def test_result_files_are_read_where_a_person_would_read_them(make, tmp_path, form):
    judge = make("http://127.0.0.1:9/v1")
    path = tmp_path / "results.whatever"
    path.write_bytes(FORMS[form](as_lines(results(judge, 3))))
    assert batch.store_results(judge.cache, path)[:2] == (3, 0)
    assert verdicts(judge.kept(compare(3))) == ["tie"] * 3


GOOD = '{"custom_id": "%s", "error": null, "response": null}\n' % ("0" * 64)
SPOILT = {  # content, and what is said
    "not UTF-8": (GOOD.encode() + b'{"custom_id": "caf\xe9"}\n', ": line 2: is not UTF-8 text"),
    "gzip cut short": (gzip.compress(GOOD.encode() * 50)[:-9], "damaged"),
    "deep": (GOOD.encode() * 2 + b'{"a":' * 200_000, ":3: is (nested too deeply|no JSON)"),
    "ragged": ((GOOD + '{"custom_id": "a"}\n').encode(), ":2: has no custom_id and response"),
    "cut short": ((GOOD + GOOD[:30]).encode(), ":2: is no JSON"),
    "a list": (b"[1, 2]\n", ":1: has no custom_id"),
    "another job": (b'{"custom_id": "request-1", "response": null}\n', ":1: custom_id 'request-1' is none of"),
    "id of another type": (b'{"custom_id": [1], "response": null}\n', ":1: custom_id"),
    "huge number": (b"9" * 10_000, ":1: is no JSON"),
    "empty": (b"", "is empty"),
    "blank": (b" \n\n", "is empty"),
    "NUL": (b"\x00" * 50, ": line 1: a NUL character"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_other_files_are_refused_as_a_whole_with_line_and_reason(make, tmp_path, kind):
    content, said = SPOILT[kind]
    judge, path = make("http://127.0.0.1:9/v1"), tmp_path / "results.jsonl"
    path.write_bytes(content)
    with pytest.raises(MopeError) as caught:
        batch.store_results(judge.cache, path)
    assert re.search(f"results.jsonl.*{said}", str(caught.value)) or re.search(
        f"results.jsonl{said}", str(caught.value)
    )
    assert str(caught.value).isprintable() and len(judge.cache) == 0


def test_folders_and_missing_files(make, tmp_path):
    judge = make("http://127.0.0.1:9/v1")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    for path, said in (
        (tmp_path, "is a folder"),
        (tmp_path / "none", "cannot be read"),
        (tmp_path / "loop", "cannot be read"),
        (tmp_path / "pipe", "is a pipe or device"),
    ):
        with pytest.raises(MopeError, match=said):
            batch.store_results(judge.cache, path)


def test_what_failed_says_why_and_refusals_stay_open(make, tmp_path):
    judge, path = make("http://127.0.0.1:9/v1"), tmp_path / "results.jsonl"
    one, two, three, four = results(judge, 4)
    one["response"] = {"status_code": 400, "body": {"error": {"message": "max_tokens is not supported"}}}
    two |= {"response": None, "error": {"code": "batch_expired", "message": "This request could not be executed"}}
    three["response"]["body"]["choices"][0]["message"] = {"content": None, "refusal": "I cannot."}
    four["response"]["body"]["usage"] = {"prompt_tokens": -10, "completion_tokens": None}
    path.write_text(as_lines([one, two, three, four]))
    found = batch.store_results(judge.cache, path)
    assert found[:2] == (1, 3)
    assert set(found.reasons) == {
        "status 400: max_tokens is not supported",
        "This request could not be executed",
        "refused: I cannot.",
    }
    again = make("http://127.0.0.1:9/v1")
    each = make("http://127.0.0.1:9/v1", base_url="http://elsewhere/v1").estimate(compare(1)).cost
    left = again.estimate(compare(4))
    assert left.calls == 3 and left.spent == pytest.approx(each + 110e-6 + 10e-6, rel=0.05)  # the refusal's count, ours
