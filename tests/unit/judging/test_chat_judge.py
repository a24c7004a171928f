"""The chat judge against a real server on loopback that misbehaves in every way a paid service does."""

import json
import time
from email.utils import formatdate

import pytest
from chat_server import completion
from judge_helpers import KEY_VARIABLE, SECRET, SETTINGS, compare, verdicts

from mope.errors import MopeError
from mope.judging.templates import shorten


def test_request_and_answer(serve, make):
    server = serve(lambda n, r: "Output (b)")
    judge = make(server.url)
    assert verdicts(judge.judge(compare(1))) == ["second"]
    (request,) = server.requests
    assert {k: request[k] for k in ("model", "temperature", "seed", "max_tokens")} == {
        "model": "m", "temperature": 0.0, "seed": 1, "max_tokens": 8}  # fmt: skip
    roles = [m["role"] for m in request["messages"]]
    assert roles == ["system", *["user", "assistant"] * 3, "user"]
    last = request["messages"][-1]["content"]
    assert last.index("question 0?") < last.index("first answer 0") < last.index("second answer")


def test_nothing_is_asked_twice(serve, make):
    server = serve(lambda n, r: "TIE")
    judge = make(server.url)
    judge.judge(compare(5) + compare(5))
    make(server.url).judge(compare(7))
    assert len(server.requests) == 7
    make(server.url, temperature=0.5).judge(compare(1))  # another question
    assert len(server.requests) == 8


def test_concurrency_is_bounded_and_used(serve, make):
    def slow(number, request):
        time.sleep(0.05)
        return "TIE"

    server = serve(slow)
    make(server.url, concurrency=3).judge(compare(12))
    assert server.most == 3


def test_wrong_key(serve, make):
    def refuse(handler):
        handler.reply(401, {"error": {"message": f"Incorrect API key provided: {handler.key}"}})

    server = serve(lambda n, r: refuse)
    with pytest.raises(MopeError) as caught:
        make(server.url, concurrency=1).judge(compare(3))
    assert KEY_VARIABLE in str(caught.value) and SECRET not in str(caught.value)
    assert caught.value.__suppress_context__
    assert len(server.requests) == 1  # no use in asking again


def test_missing_key(make, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(MopeError, match="not set"):
        make("https://api.example.com/v1").judge(compare(1))


def test_a_key_that_no_header_can_hold_is_not_repeated(make, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "“sk-secret”")
    with pytest.raises(MopeError, match="holds characters that no key has") as caught:
        make("https://api.example.com/v1").judge(compare(1))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(serve, make, form):
    until, called = [], []

    def limit(handler):
        until.append(time.time() + 1 if form == "seconds" else int(time.time()) + 2)
        wait = "1" if form == "seconds" else formatdate(until[0], usegmt=True)
        handler.reply(429, {"error": {"message": "slow down"}}, [("Retry-After", wait)])

    def plan(number, request):
        called.append(time.time())
        return "Output (a)" if number else limit

    assert verdicts(make(serve(plan).url).judge(compare(1))) == ["first"]
    assert called[1] >= until[0] - 0.1


def drop(handler):
    handler.connection.close()


def cut_short(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"id": "x", "choices": [')
    handler.wfile.flush()
    handler.connection.close()


def stall(handler):
    time.sleep(4.0)


FAULTS = {
    "500": lambda h: h.reply(500, {"error": {"message": "oops"}}),
    "503": lambda h: h.reply(503, b"<html>down</html>"),
    "408": lambda h: h.reply(408, {}),
    "dropped": drop,
    "cut short": cut_short,
    "timeout": stall,
    "no JSON": lambda h: h.reply(200, b"{]"),
    "no choices": lambda h: h.reply(200, {"id": "x", "object": "chat.completion", "created": 0, "model": "m"}),
    "empty list": lambda h: h.reply(200, {"id": "x", "choices": []}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_passing_faults_are_survived(serve, make, fault):
    server = serve(lambda n, r: FAULTS[fault] if n < 2 else "Output (a)")
    assert verdicts(make(server.url, concurrency=1, timeout=3.0).judge(compare(2))) == ["first"] * 2
    assert len(server.requests) == 4


@pytest.mark.parametrize("fault", ["500", "dropped", "no JSON", "no choices"])
def test_lasting_faults_stop_the_stage_and_keep_what_is_done(serve, make, fault):
    server = serve(lambda n, r: "Output (a)" if n < 3 else FAULTS[fault])
    with pytest.raises(MopeError, match="run the stage again") as caught:
        make(server.url, concurrency=1).judge(compare(6))
    assert "\n" not in str(caught.value)
    assert len(server.requests) == 3 + SETTINGS["attempts"]
    server.plan = lambda n, r: "Output (a)"
    assert verdicts(make(server.url).judge(compare(6))) == ["first"] * 6
    assert len(server.requests) == 3 + SETTINGS["attempts"] + 3


def test_bad_request_is_not_repeated(serve, make):
    server = serve(lambda n, r: lambda h: h.reply(400, {"error": {"message": f"unknown model, {h.key}"}}))
    with pytest.raises(MopeError, match="unknown model") as caught:
        make(server.url, concurrency=1).judge(compare(2))
    assert len(server.requests) == 1 and SECRET not in str(caught.value)


def test_key_never_reaches_cache_or_output(serve, make, tmp_path, capfd):
    server = serve(lambda n, r: f"your key is {SECRET}\nTIE")
    opinions = make(server.url).judge(compare(3))
    assert SECRET not in opinions[0].raw and opinions[0].verdict == "tie"
    assert all(SECRET.encode() not in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert SECRET not in "".join(capfd.readouterr())


def test_a_megabyte_of_text(serve, make):
    server = serve(lambda n, r: "Output (b)")
    judge = make(server.url)
    assert verdicts(judge.judge(compare(1, first="word " * 200_000))) == ["second"]
    assert len(json.dumps(server.requests[0])) < 20_000
    assert shorten("abc" * 100, 50).startswith("abc") and len(shorten("abc" * 100, 50)) <= 50


def test_estimate_and_budget(serve, make):
    server = serve(lambda n, r: "TIE")
    judge = make(server.url)
    before = judge.estimate(compare(10))
    assert (before.comparisons, before.calls, before.spent) == (10, 10, 0)
    assert before.tokens > 1000 and f"{before.calls} calls" in str(before)
    paid = 120 / 1e6  # what the server counts per call: 100 tokens in, 10 out at twice the price
    expected = before.cost / 10
    poor = make(server.url, budget=3 * paid + 1.5 * expected, concurrency=1)
    with pytest.raises(MopeError, match=r"judges\.llm\.budget"):
        poor.judge(compare(100))
    done = len(server.requests)
    assert 3 <= done < 100 and poor.spent == pytest.approx(done * paid)
    assert poor.spent <= poor.settings.budget
    again = make(server.url, budget=poor.settings.budget, concurrency=1)
    with pytest.raises(MopeError, match=r"judges\.llm\.budget"):
        again.judge(compare(100))
    assert len(server.requests) == done  # the money is spent: not one more call
    rich = make(server.url, budget=1.0)
    assert rich.estimate(compare(100)).spent == pytest.approx(done * paid)
    rich.judge(compare(100))
    assert len(server.requests) == 100


def test_an_estimate_without_prices_says_so(make):
    free = {"price_input": 0.0, "price_output": 0.0}
    assert "unknown cost" in str(make("https://api.example.com/v1", **free).estimate(compare(1)))
    assert "0.00 to pay" in str(make("http://127.0.0.1:9/v1", **free).estimate(compare(1)))


def test_budget_holds_under_concurrency(serve, make):
    server = serve(lambda n, r: "TIE")
    judge = make(server.url, budget=0.01, concurrency=8)
    with pytest.raises(MopeError, match=r"judges\.llm\.budget"):
        judge.judge(compare(300))
    assert judge.spent <= 0.01


def test_server_that_does_not_count_tokens(serve, make):
    body = {key: value for key, value in completion("TIE").items() if key != "usage"}
    server = serve(lambda n, r: lambda h: h.reply(200, body))
    judge = make(server.url)
    judge.judge(compare(1))
    assert judge.spent == pytest.approx(judge.estimate(compare(1)).spent) and judge.spent > 0
