"""Judges as servers of today are, and as hostile or broken ones may be: each over HTTP, none may harm a run."""

import gzip
import json
import re
import sqlite3
import threading
import time

import pytest
from chat_server import completion
from judge_helpers import SECRET, compare, verdicts

from mope.errors import MopeError
from mope.judging.answer_cache import AnswerCache

OK = "Output (a)"
REFUSAL = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}


def refusal(message, param=None, status=400):
    return lambda h: h.reply(status, {"error": {"message": message, "type": "invalid_request_error", "param": param}})


def body(message=None, finish="stop", **changes):
    found = completion(OK) | changes
    found["choices"][0]["finish_reason"] = finish
    if message:
        found["choices"][0]["message"] = message
    return lambda h: h.reply(200, found)


def o3(number, request):
    if "max_tokens" in request:
        said = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        return refusal(said, "max_tokens")
    if request.get("temperature", 1) != 1:
        return refusal("Unsupported value: 'temperature' does not support 0.0 with this model.", "temperature")
    return OK


def gemma(number, request):
    return refusal("System role not supported") if request["messages"][0]["role"] == "system" else OK


def mistral(number, request):
    detail = [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]
    return (lambda h: h.reply(422, {"detail": detail})) if "seed" in request else OK


def only_parts(number, request):
    if isinstance(request["messages"][0]["content"], str):
        return refusal("messages[0].content: Input should be a valid list")
    return OK


@pytest.mark.parametrize(
    "plan,lessons,changes",
    [
        (o3, 2, ["max_completion_tokens instead of max_tokens", "no temperature"]),
        (gemma, 1, ["no system role"]),
        (mistral, 1, ["no seed"]),
        (only_parts, 1, ["content in parts"]),
    ],
)
def test_what_a_server_refuses_is_learnt_once_for_the_job(serve, make, capfd, plan, lessons, changes):
    server = serve(plan)
    judge = make(server.url, concurrency=1)
    assert verdicts(judge.judge(compare(4))) == ["first"] * 4
    assert len(server.requests) == 4 + lessons
    assert sorted(judge.changes) == sorted(changes)
    assert capfd.readouterr().out.count("from now on") == lessons
    again = make(server.url)
    assert verdicts(again.judge(compare(4))) == ["first"] * 4 and len(server.requests) == 4 + lessons
    assert sorted(again.changes) == sorted(changes)  # a kept answer tells how it was asked for


@pytest.mark.parametrize(
    "plan,choice",
    [
        (o3, {"limit": "max_completion_tokens", "temperature": None}),
        (gemma, {"system_role": False}),
        (mistral, {"seed": None}),
        (only_parts, {"content": "parts"}),
    ],
)
def test_what_the_configuration_says_needs_no_lesson(serve, make, plan, choice):
    server = serve(plan)
    judge = make(server.url, **choice)
    assert verdicts(judge.judge(compare(3))) == ["first"] * 3
    assert len(server.requests) == 3 and not judge.changes


def test_a_long_refusal_costs_no_time(serve, make):
    server = serve(
        lambda n, r: lambda h: h.reply(400, {"error": {"message": "system " * 300_000 + "<script" * 100_000}})
    )
    began = time.monotonic()
    with pytest.raises(MopeError, match="system system"):
        make(server.url, concurrency=1).judge(compare(1))
    assert time.monotonic() - began < 60


def test_many_calls_at_once_learn_together(serve, make):
    server = serve(o3)
    assert verdicts(make(server.url, concurrency=8).judge(compare(30))) == ["first"] * 30
    assert len(server.requests) <= 30 + 2 * 8


def test_a_server_that_refuses_everything_is_soon_left(serve, make):
    server = serve(lambda n, r: refusal("unsupported: max_tokens max_completion_tokens temperature seed system role"))
    with pytest.raises(MopeError, match="unsupported: max_tokens"):
        make(server.url, concurrency=1).judge(compare(3))
    assert len(server.requests) < 8


def test_content_as_parts_and_thoughts_apart(serve, make):
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hmm"}]}, {"type": "text", "text": OK}]
    thoughts = {"content": OK, "reasoning_content": "Output (b)\nor not"}
    aloud = {"content": "<think>\nOutput (b)\n</think>\n\nOutput (a)"}
    endless = {"content": "<think>\nOutput (b)\n"}
    plan = [{"role": "assistant", "content": parts}, thoughts, aloud, endless]
    server = serve(lambda n, r: body(plan[n]))
    judge = make(server.url, concurrency=1)
    assert verdicts(judge.judge(compare(4))) == ["first", "first", "first", "unparsed"]


USAGES = [
    *(None, {}, "many", [], {"prompt_tokens": 0, "completion_tokens": 0}, {"prompt_tokens": float("nan")}),
    {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None},
    {"prompt_tokens": -(10**9), "completion_tokens": -(10**9)},
    {"prompt_tokens": 10**400, "completion_tokens": "7"},
]


@pytest.mark.parametrize("usage", USAGES, ids=lambda usage: str(usage)[:40])
def test_no_usage_switches_the_budget_off(serve, make, usage):
    server = serve(lambda n, r: body(usage=usage))
    judge = make(server.url, concurrency=2)
    each = judge.estimate(compare(1)).cost
    poor = make(server.url, budget=5.5 * each, concurrency=2)
    with pytest.raises(MopeError, match=r"judges\.llm\.budget"):
        poor.judge(compare(20))
    assert len(server.requests) == 5 and poor.spent == pytest.approx(5 * each, rel=0.02)
    rich = make(server.url)  # and nothing of it blocks the judge
    assert verdicts(rich.judge(compare(20))) == ["first"] * 20
    assert len(server.requests) == 20


def test_a_server_that_counts_much_soon_ends_the_budget(serve, make):
    """Thoughts are bought, too: once they have been dear, the next call is expected to be so."""
    usage = {"prompt_tokens": 1000, "completion_tokens": 100_000}
    server = serve(lambda n, r: body(usage=usage))
    judge = make(server.url, budget=1.0, concurrency=1)
    with pytest.raises(MopeError, match="budget"):
        judge.judge(compare(20))
    assert judge.spent <= 1.0 and len(server.requests) == 4


@pytest.mark.parametrize(
    "message,finish,why",
    [(REFUSAL, "content_filter", "refused: I cannot help with that."),
     ({"content": "", "reasoning_content": "thinking and thin"}, "length", "max_tokens"),
     ({"content": None}, "stop", "empty answer")],
)  # fmt: skip
def test_no_answer_counts_now_and_is_asked_for_again_in_the_next_run(serve, make, message, finish, why):
    server = serve(lambda n, r: body(message, finish) if n < 2 else OK)
    judge = make(server.url, concurrency=1)
    first = judge.judge(compare(3))
    assert verdicts(first) == ["unparsed", "unparsed", "first"] and why in first[0].raw
    assert judge.judge(compare(3)) == first and len(server.requests) == 3  # not again in this run
    paid = judge.spent
    again = make(server.url, concurrency=1)
    assert again.estimate(compare(3)).calls == 2 and again.spent == pytest.approx(paid)
    assert verdicts(again.judge(compare(3))) == ["first"] * 3 and len(server.requests) == 5
    assert again.spent == pytest.approx(paid * 5 / 3)  # what the refusals cost stays spent
    assert make(server.url).estimate(compare(3)).calls == 0


def test_poisoned_entries_of_the_cache_are_asked_for_again(serve, make, tmp_path):
    server = serve(lambda n, r: "TIE")
    judge = make(server.url)
    keys = list(judge.open_requests(compare(7)))
    bad = ['{"text": "Output (a)", "prompt_tokens": NaN}', '{"text": null}', "no JSON", "[" * 100_000, b"\xff\xfe",
           '{"text": "Output (a)", "prompt_tokens": -5}', ""]  # fmt: skip
    with sqlite3.connect(tmp_path / "cache.sqlite") as file:
        file.executemany("INSERT INTO answers VALUES (?, ?)", zip(keys, bad, strict=True))
    judge = make(server.url)
    assert judge.estimate(compare(7)).spent == 0
    assert verdicts(judge.judge(compare(7))) == ["tie"] * 7 and len(server.requests) == 7
    assert make(server.url).estimate(compare(7)).calls == 0


def test_an_entry_that_nobody_has_counted_is_used_and_estimated(serve, make, tmp_path):
    """What earlier versions kept of servers without a count."""
    judge = make("http://127.0.0.1:9/v1")
    (key,), cost = judge.open_requests(compare(1)), judge.estimate(compare(1)).cost
    judge.cache.put(key, {"text": OK, "prompt_tokens": None, "completion_tokens": None})
    again = make("http://127.0.0.1:9/v1")
    assert verdicts(again.judge(compare(1))) == ["first"] and again.spent == pytest.approx(cost)


def page(h):
    h.reply(200, b"<!DOCTYPE html>\n<html><head><title>Please log in</title></head><body class='x'>now</body></html>")


def packed(h, data, encoding="gzip"):
    h.reply(200, data, [("Content-Encoding", encoding)])


FINE = json.dumps(completion(OK)).encode()
BROKEN = {  # what comes, and what is said of it
    "html": (page, "no JSON: Please log in"),
    "empty": (lambda h: h.reply(200, b""), "no JSON"),
    "not UTF-8": (lambda h: h.reply(200, FINE.replace(b"Output", b"Out\xffput")), "no JSON"),
    "gzip that is none": (lambda h: packed(h, FINE), "cannot be read"),
    "gzip cut short": (lambda h: packed(h, gzip.compress(FINE)[:-20]), "is no JSON|cannot be read"),
    "gzip bomb": (lambda h: packed(h, gzip.compress(b" " * 10**8)), "longer than 4 MB"),
    "deep": (lambda h: h.reply(200, b'{"choices":' + b"[" * 200_000), "too deeply|no JSON"),
    "list": (lambda h: h.reply(200, [1]), "no JSON object"),
    "number": (lambda h: h.reply(200, b"9" * 10_000), "no JSON"),
    "choices of another type": (lambda h: h.reply(200, completion(OK) | {"choices": {"a": 1}}), "no choices"),
    "message of another type": (body("Output (a)"), "message is str"),
    "content of another type": (body({"content": {"a": 1}}), "content is dict"),
    "error in a 200": (lambda h: h.reply(200, {"error": {"message": "upstream is down"}}), "upstream is down"),
    "redirect in a circle": (lambda h: h.reply(308, b"", [("Location", "/v1/chat/completions")]), "redirect"),
    "redirect to nowhere": (lambda h: h.reply(307, b"", [("Location", "gopher://x/")]), "Error"),
    "redirect without a place": (lambda h: h.reply(302, b""), "status 302"),
    "gzip that is none, refusing": (
        lambda h: h.reply(403, b"no", [("Content-Encoding", "gzip")]), "cannot be read"),
    "odd charset, refusing": (
        lambda h: h.reply(404, b"gone away", [("Content-Type", "text/plain; charset=hex")]), "Error"),
    "retry after for ever": (lambda h: h.reply(503, b"down", [("Retry-After", "-inf")]), "down"),
    "retry after nonsense": (lambda h: h.reply(503, b"down", [("Retry-After", "soon, really")]), "down"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_reply_is_one_line_and_nothing_is_kept(serve, make, kind):
    action, expected = BROKEN[kind]
    server = serve(lambda n, r: action)
    judge = make(server.url, concurrency=1, attempts=2)
    with pytest.raises(MopeError) as caught:
        judge.judge(compare(2))
    assert str(caught.value).isprintable() and len(str(caught.value)) < 600
    assert re.search(expected, str(caught.value), re.IGNORECASE), caught.value
    assert len(judge.cache) == 0
    server.plan = lambda n, r: OK
    assert verdicts(make(server.url).judge(compare(2))) == ["first"] * 2


def test_a_redirect_is_followed(serve, make):
    moved = [("Location", "/new/v1/chat/completions")]
    server = serve(lambda n, r: OK)
    server.plan = lambda n, r: lambda h: h.reply(308, b"", moved) if not h.path.startswith("/new") else h.reply(
        200, completion(OK)
    )  # fmt: skip
    assert verdicts(make(server.url).judge(compare(1))) == ["first"]


def test_an_answer_that_drips_ends_with_its_time(serve, make):
    def drip(h):
        h.send_response(200)
        h.send_header("Content-Length", "1000")
        h.end_headers()
        for _ in range(100):
            h.wfile.write(b" ")
            h.wfile.flush()
            time.sleep(0.1)

    server = serve(lambda n, r: drip)
    began = time.monotonic()
    with pytest.raises(MopeError, match="not complete after 0.5 seconds"):
        make(server.url, timeout=0.5, attempts=1).judge(compare(1))
    assert time.monotonic() - began < 9  # the server takes ten


@pytest.mark.parametrize(
    "status,answer,said",
    [
        (
            404,
            {"error": {"message": "The model `x` does not exist", "code": "model_not_found"}},
            "The model `x` does not",
        ),
        (403, {"error": {"message": "Country, region, or territory not supported"}}, "Country, region, or territory"),
        (400, {"detail": [{"loc": ["body", "model"], "msg": "Field required"}]}, "body.model: Field required"),
        (400, {"message": "plainly wrong"}, "plainly wrong"),
        (400, {"error": "a text alone"}, "a text alone"),
        (413, b"<html><title>413</title>Request Entity Too Large</html>", "Request Entity Too Large"),
        (401, {"error": {"message": "Incorrect API key provided"}}, "Incorrect API key provided"),
    ],
)
def test_the_reason_of_the_server_is_shown(serve, make, status, answer, said):
    server = serve(lambda n, r: lambda h: h.reply(status, answer))
    with pytest.raises(MopeError) as caught:
        make(server.url, concurrency=1).judge(compare(2))
    assert said in str(caught.value) and len(server.requests) == 1


def test_a_quota_that_is_used_up_is_not_waited_for(serve, make):
    error = {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}
    server = serve(lambda n, r: lambda h: h.reply(429, {"error": error}))
    with pytest.raises(MopeError, match="exceeded your current quota"):
        make(server.url, concurrency=1).judge(compare(2))
    assert len(server.requests) == 1


@pytest.mark.parametrize("place", [150, 185, 195, 199, 400])
@pytest.mark.parametrize("status", [400, 401, 404, 500, 200])
def test_the_key_is_taken_out_before_anything_is_cut(serve, make, place, status, capfd):
    text = "x" * place + SECRET + "y" * 50
    server = serve(lambda n, r: lambda h: h.reply(status, {"error": {"message": text}}))
    with pytest.raises(MopeError) as caught:
        make(server.url, concurrency=1, attempts=2).judge(compare(1))
    shown = str(caught.value) + "".join(capfd.readouterr())
    assert not any(SECRET[i : i + 8] in shown for i in range(len(SECRET) - 7))


def test_one_error_ends_the_waiting_of_the_others(serve, make):
    def plan(number, request):
        if number < 3:
            return lambda h: h.reply(429, {"error": {"message": "later"}}, [("Retry-After", "3600")])
        time.sleep(0.2)
        return refusal("no such model")

    server = serve(plan)
    began = time.monotonic()
    with pytest.raises(MopeError, match="no such model"):
        make(server.url, concurrency=4).judge(compare(8))
    assert time.monotonic() - began < 60  # not an hour


def test_cache_stays_whole_when_threads_ask_at_once(serve, make, tmp_path):
    server = serve(lambda n, r: body(REFUSAL) if n % 3 == 0 else OK)
    judge = make(server.url, concurrency=8)
    workers = [threading.Thread(target=judge.judge, args=(compare(20),)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert len(AnswerCache(tmp_path / "cache.sqlite")) == 20


def test_texts_reach_the_judge_as_they_are(serve, make):
    text = "{braces} {0} $x$ ${HOME} %s \\n \x07\x1b[31m \x00 \u2028 é 漢字 {instruction}"
    server = serve(lambda n, r: OK)
    make(server.url).judge(compare(1, first=text))
    assert text in server.requests[0]["messages"][-1]["content"]
