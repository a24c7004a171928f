"""A thousand mutations of what a judge's server and a batch service send: a verdict or one line, never a traceback."""

import contextlib
import gzip
import json
import math
import random
import threading

import openai
from chat_server import completion
from judge_helpers import SECRET, compare
from mutations import altered, garbled, mutated

from mope.errors import MopeError
from mope.judging import batch_service as batch
from mope.judging.asking import Asker
from mope.judging.reply import valid
from mope.judging.templates import parse
from mope.runtime.server import MalformedError, error_line

ROUNDS = 1000
REFUSAL = {"error": {"message": "Unsupported parameter: 'max_tokens'", "param": "max_tokens", "code": "unsupported"}}
PARTS = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Output (a)"}]


def hostile(rng):
    """A server's action: one of its good or bad answers, mutated."""
    replies = [completion("Output (a)"), completion(PARTS), completion(None), REFUSAL]
    statuses = [200] * 6 + [400, 401, 422, 429, 500, 302]

    def act(handler):
        content, headers = mutated(rng.choice(replies), rng), []
        if rng.random() < 0.1:
            content, headers = rng.choice([content, gzip.compress(content)]), [("Content-Encoding", "gzip")]
        if rng.random() < 0.1:
            headers.append(
                ("Retry-After", rng.choice(["-1", "nan", "x", "-inf", "0", "Wed, 21 Oct 2015 07:28:00 GMT"]))
            )
        handler.reply(rng.choice(statuses), content, headers)

    return act


def test_replies(serve, make):
    """One connection for all, as within a job."""
    server = serve(lambda n, r: action)
    action, judge = hostile(random.Random(23)), make(server.url, attempts=1)
    asker = Asker(judge.settings, SECRET, threading.Event(), lambda line: None)
    read = refused = 0
    with contextlib.closing(asker):
        for _ in range(ROUNDS):
            try:
                record = asker.ask(judge.request(*compare(1)), 800)
            except (openai.OpenAIError, MalformedError) as error:  # of which `ChatJudge` makes one line
                assert error_line(error, SECRET).isprintable()
                refused += 1
            else:
                assert valid(record) and math.isfinite(record["prompt_tokens"] + record["completion_tokens"])
                assert parse(record["text"]) in ("first", "unparsed")
                record["text"].encode()  # which a table can hold
                read += 1
    assert read > 100 and refused > 100 and read + refused == ROUNDS


def test_replies_to_a_judge(serve, make):
    server = serve(lambda n, r: action)
    action, judge = hostile(random.Random(24)), make(server.url, attempts=1, budget=1e9)
    read = 0
    for question in compare(60):
        try:
            (opinion,) = judge.judge([question])
        except MopeError as error:
            assert str(error).isprintable()
        else:
            assert opinion.verdict in ("first", "unparsed")
            read += 1
    assert 10 < read < 50 and len(judge.cache) == read and 0 < judge.spent < math.inf


def test_batch_results(make, tmp_path):
    rng = random.Random(23)
    judge = make("http://127.0.0.1:9/v1")
    keys = list(judge.open_requests(compare(3)))
    answers = [completion("TIE"), completion(PARTS), completion(None)]
    good = [
        {"custom_id": key, "error": None, "response": {"status_code": 200, "body": body}}
        for key, body in zip(keys, answers, strict=True)
    ]
    path, taken, refused = tmp_path / "results.jsonl", 0, 0
    for _ in range(ROUNDS):
        lines = [json.dumps(altered(line, rng) if rng.random() < 0.4 else line) for line in good]
        data = ("\n".join(lines) + "\n").encode()
        data = garbled(data, rng) if rng.random() < 0.4 else data
        data = gzip.compress(data) if rng.random() < 0.2 else data
        path.write_bytes(garbled(data, rng) if rng.random() < 0.1 else data)
        try:
            found = batch.store_results(judge.cache, path)
        except MopeError as error:
            assert str(path) in str(error) and str(error).isprintable(), error
            refused += 1
        else:
            taken += found.taken > 0
    assert taken > 100 and refused > 100
    for opinion in judge.kept(compare(2)):
        assert opinion.verdict in ("tie", "first", "unparsed")
        opinion.raw.encode()
