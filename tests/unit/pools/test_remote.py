"""Black-box experts over HTTP: a real server process, tiny models, top-k log-probabilities."""

import os
import random
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import torch
from module_controller import ModuleController
from tiny import ENDS, EOS, PAD, VOCABULARY, TinyController, naive_answer, tiny_model
from tokenizers import Tokenizer
from tokenizers import models as tokenizer_models
from transformers import PreTrainedTokenizerFast

from mope.decoding.loop import decode
from mope.decoding.mixers.logit import Logit
from mope.decoding.mixers.probability import Probability
from mope.decoding.mixers.truncated import truncate
from mope.decoding.request import Request
from mope.decoding.sampling import Sampling
from mope.decoding.turn_ends import TurnEnds
from mope.errors import MopeError
from mope.pools.remote import Endpoint, RemotePool

GREEDY = Sampling(temperature=0)


@pytest.fixture(scope="module")
def experts():
    return [tiny_model(seed) for seed in range(3)]


@pytest.fixture(scope="module")
def tokenizer():
    vocabulary = {f"t{i}": i for i in range(VOCABULARY)}
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(tokenizer_models.WordLevel(vocabulary, unk_token="t2")))


@pytest.fixture(scope="module")
def address(experts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    pairs = []
    for number, model in enumerate(experts):
        model.save_pretrained(folder / str(number))
        pairs.append(f"m{number}={folder / str(number)}")
    script = Path(__file__).parents[2] / "helpers/completions_server.py"
    process = subprocess.Popen(
        [sys.executable, script, *pairs], stdout=subprocess.PIPE, text=True, env={**os.environ, "SERVER_KEY": "secret"}
    )
    yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    process.terminate()
    process.communicate(timeout=300)


@pytest.fixture
def opened():
    """`opened(pool)`: the pool, which is closed when the test ends."""
    with ExitStack() as stack:
        yield stack.enter_context


def pool_of(address, tokenizer, names=("m0", "m1", "m2"), top_k=VOCABULARY, key="secret", **options):
    endpoints = {f"expert {name}": Endpoint(address, name, key) for name in names}
    return RemotePool(endpoints, tokenizer, top_k=top_k, parallel=4, pause=0.01, **options)


def random_requests(count: int) -> list[Request]:
    rng = random.Random(0)
    return [
        Request(
            rng.sample(range(3), 3 if number % 3 else 2),
            [[rng.randrange(2, VOCABULARY) for _ in range(rng.randrange(1, 9))]] * (3 if number % 3 else 2),
            controller_ids=[5, 6],
            max_new_tokens=rng.randrange(1, 8),
            seed=number,
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("top_k", [VOCABULARY, 5])
@pytest.mark.parametrize("mixer", [Probability(), Logit()])
def test_greedy_equals_the_naive_loop_on_truncated_models(mixer, top_k, address, tokenizer, experts, opened):
    class Truncated:
        def __init__(self, model):
            self.model = model

        def __call__(self, ids):
            out = self.model(ids)
            out.logits = truncate(out.logits.log_softmax(-1), top_k)
            return out

    controller = TinyController(3, 3)
    requests = random_requests(8)
    pool = opened(pool_of(address, tokenizer, top_k=top_k))
    answers = decode(pool, mixer, requests, GREEDY, ENDS, ModuleController(controller), record=True)
    for request, answer in zip(requests, answers):
        models = [Truncated(model) for model in experts]
        assert answer.tokens == naive_answer(models, mixer, request, lambda m, step: int(m.argmax()), controller)
        # What an expert did not report has no mass with it.
        assert answer.expert_logprobs.isneginf().any().item() <= (top_k == 5)


def test_overload_is_tried_again(address, tokenizer, opened):
    request = Request([0], [[5, 6, 7]], max_new_tokens=3)
    flaky, sound = (opened(pool_of(address, tokenizer, names=(name,))) for name in ("flaky", "m0"))
    [answer] = decode(flaky, Probability(), [request], GREEDY, ENDS)
    [plain] = decode(sound, Probability(), [request], GREEDY, ENDS)
    assert answer.tokens == plain.tokens


@pytest.mark.parametrize(
    "name,key,message",
    [
        ("nobody", "secret", "expert nobody at .*: status 404: .*no model nobody"),
        ("m0", "wrong", "status 401.*1 tries"),
        ("silent", "secret", "no top_logprobs in the reply"),
        ("foreign", "secret", "token 'bonjour' is not in the tokenizer"),
    ],
)
def test_what_will_not_pass_is_reported_at_once(name, key, message, address, tokenizer, opened):
    pool = opened(RemotePool({name: Endpoint(address, name, key)}, tokenizer, pause=0.01))
    with pytest.raises(MopeError, match=message):
        pool.prefill([[5]], [0])


def test_no_server(tokenizer, opened):
    pool = opened(RemotePool({"gone": Endpoint("http://127.0.0.1:9/v1", "m")}, tokenizer, retries=1, pause=0.01))
    with pytest.raises(MopeError, match="expert gone at http://127.0.0.1:9/v1: Connection error. .*after 2 tries"):
        pool.prefill([[5]], [0])


def test_rows_leave_at_once(address, tokenizer, monkeypatch, opened):
    """A finished request costs no further call."""
    asked = []
    monkeypatch.setattr(RemotePool, "_ask", lambda self, state: asked.append(len(state)) or torch.zeros(len(state), 61))
    requests = [Request([0], [[5]], max_new_tokens=n) for n in range(1, 21)]
    decode(opened(pool_of(address, tokenizer)), Probability(), requests, Sampling(), TurnEnds((EOS + 70,), PAD))
    assert asked == list(range(20, 0, -1))


def test_a_closed_pool_leaves_no_connection(address, tokenizer):
    def connections():
        port = urlsplit(address).port
        return [c for c in psutil.Process().net_connections("tcp") if c.raddr and c.raddr.port == port]

    before = len(connections())
    with pool_of(address, tokenizer) as pool:
        pool.prefill([[5], [6]], [0, 1])
        assert len(connections()) > before
    assert len(connections()) == before


def completion(top):
    return {"choices": [{"text": "", "logprobs": {"top_logprobs": [top]}}]}


@pytest.fixture
def asking(serve, tokenizer, opened):
    """`asking(action)`: a server that answers so, and a call to it."""

    def ask(action, key="sk-secret-0123456789"):
        server, options = serve(lambda n, r: action), {"retries": 1, "pause": 0.01, "timeout": 2.0}
        pool = opened(RemotePool({"e": Endpoint(server.url, "m", key)}, tokenizer, **options))
        return server, lambda: pool.prefill([[5]], [0])

    return ask


def test_the_token_that_the_server_has_drawn_does_not_count(serve, tokenizer, opened):
    drawn = iter([{}, {"t9": -7.0}, {"t3": -9.0}, {"t2\ufffd": -8.0}])
    server = serve(lambda number, request: lambda h: h.reply(200, completion({"t5": -1.0, "t7": -2.0} | next(drawn))))
    pool = opened(RemotePool({"e": Endpoint(server.url, "m")}, tokenizer, top_k=2))
    rows = [pool.prefill([[5]], [0])[1][0] for _ in range(4)]
    assert rows[0].isfinite().nonzero().flatten().tolist() == [5, 7]
    for row in rows[1:]:
        assert torch.equal(row, rows[0])


HOSTILE = {  # what comes, what is said, whether it is tried again
    "html": (lambda h: h.reply(200, b"<p>Please log in</p>"), "no JSON: Please log in", True),
    "not UTF-8": (lambda h: h.reply(200, b'{"choices": "\xff"}'), "no JSON", True),
    "gzip that is none": (lambda h: h.reply(200, b"{}", [("Content-Encoding", "gzip")]), "cannot be read", True),
    "deep": (lambda h: h.reply(200, b"[" * 200_000), "too deeply|no JSON", True),
    "choices of another type": (lambda h: h.reply(200, {"choices": {"a": 1}}), r"no top_logprobs .*choices", False),
    "list of tokens": (lambda h: h.reply(200, completion(["t5"])), "no top_logprobs", False),
    "text for a number": (lambda h: h.reply(200, completion({"t5": "-1"})), "-1 found as the log-probability", False),
    "null for a number": (lambda h: h.reply(200, completion({"t5": None})), "NoneType found", False),
    "NaN": (lambda h: h.reply(200, completion({"t5": float("nan")})), "nan found as the log-probability", False),
    "beyond float32": (lambda h: h.reply(200, completion({"t5": -1e300})), "300 found as the log-prob", False),
    "huge integer": (lambda h: h.reply(200, completion({"t5": 10**400})), "int found as the log-probability", False),
    "huge negative": (lambda h: h.reply(200, completion({"t5": -(10**400)})), "int found as the log-prob", False),
    "infinite": (lambda h: h.reply(200, completion({"t5": float("inf")})), "inf found as the log-probability", False),
    "nothing": (lambda h: h.reply(200, completion({})), "no token could be read", False),
    "redirect": (lambda h: h.reply(302, b""), "status 302", False),
    "busy": (lambda h: h.reply(503, {"error": {"message": "busy"}}, [("Retry-After", "-1")]), "status 503: busy", True),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_broken_server_is_one_line(asking, kind):
    action, said, again = HOSTILE[kind]
    server, ask = asking(action)
    with pytest.raises(MopeError, match=said) as caught:
        ask()
    assert str(caught.value).isprintable() and len(server.requests) == (2 if again else 1)


@pytest.mark.parametrize("status", [200, 400, 401, 500])
@pytest.mark.parametrize("place", [150, 190, 199])
def test_the_key_is_taken_out_before_anything_is_cut(asking, status, place):
    secret = "sk-secret-0123456789"
    _, ask = asking(lambda h: h.reply(status, {"error": {"message": "x" * place + secret}}), secret)
    with pytest.raises(MopeError) as caught:
        ask()
    assert not any(secret[i : i + 8] in str(caught.value) for i in range(len(secret) - 7))


def test_without_a_key_none_is_sent(asking):
    seen = []

    def look(handler):
        seen.append(handler.headers["Authorization"])
        handler.reply(200, completion({"t5": -0.5, "t6": float("-inf")}))

    _, ask = asking(look, key=None)
    _, logprobs = ask()
    assert seen == [None] and logprobs[0, 5] == 0 and logprobs[0, 6].isneginf()


@pytest.mark.parametrize("order", [[1, 0], [0, 1]])
def test_one_experts_error_ends_the_waiting_of_the_others(serve, tokenizer, order, opened):
    def plan(number, request):
        if request["model"] == "busy":
            return lambda h: h.reply(429, {"error": "later"}, [("Retry-After", "3600")])
        time.sleep(0.3)
        return lambda h: h.reply(404, {"error": "no model"})

    url = serve(plan).url
    pool = opened(RemotePool({"a": Endpoint(url, "busy"), "b": Endpoint(url, "gone")}, tokenizer, pause=0.01))
    began = time.monotonic()
    with pytest.raises(MopeError, match="expert b .* no model"):
        pool.prefill([[5], [5]], order)
    pool.close()
    assert time.monotonic() - began < 60  # not an hour
