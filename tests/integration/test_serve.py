"""The real server behind a run of tiny models, asked by curl and by the `openai` client."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest
from loading_server import loading_server
from served_tiny_run import XI, curl, start
from tiny_run import QUESTION, ROOT
from transformers import AutoTokenizer

from mope.serve.served_run import ServedRun

ASKED = [{"role": "user", "content": QUESTION}]


def test_models_are_the_rows_of_the_run(client: openai.OpenAI) -> None:
    names = {model.id for model in client.models.list()}
    assert {"mope", f"mope:{XI}", f"soup_exact:{XI}", f"mod:{XI}", "base", "P1A", "elementary"} <= names
    assert "expert_best" not in names  # which is chosen among finished answers


def test_the_same_alone_and_in_a_crowd(client: openai.OpenAI) -> None:
    models = [f"{name}:{XI}" for name in ("mope", "uniform", "mod", "arithmetic", "soup_exact", "prompting")]
    models += ["base", "P1A", "friendly", "mope:P1B-P2A-P3B"]

    def ask(case: tuple[str, float]) -> str:
        model, temperature = case
        reply = client.chat.completions.create(model=model, messages=ASKED, temperature=temperature, seed=3)
        assert reply.choices[0].finish_reason in ("stop", "length")
        return reply.choices[0].message.content

    cases = [(model, temperature) for model in models for temperature in (0, 1)]
    alone = [ask(case) for case in cases]
    with ThreadPoolExecutor(len(cases)) as crowd:
        assert list(crowd.map(ask, cases)) == alone
    assert len(set(alone)) > len(cases) / 2


def test_streamed_is_whole(client: openai.OpenAI) -> None:
    asked = {"model": "mope", "messages": ASKED, "seed": 1, "max_tokens": 8, "logprobs": True, "top_logprobs": 2}
    extra = {"preferences": {"friendly": 0.7, "elementary": 0.2, "P2B": 0.1}, "alphas": True}
    whole = client.chat.completions.create(**asked, extra_body=extra)
    chunks = list(client.chat.completions.create(**asked, extra_body=extra, stream=True))
    told = [chunk.choices[0] for chunk in chunks]
    assert "".join(choice.delta.content for choice in told) == whole.choices[0].message.content
    assert told[-1].finish_reason == whole.choices[0].finish_reason
    assert len(whole.choices[0].logprobs.content) == whole.usage.completion_tokens == len(whole.choices[0].mope)
    for token in whole.choices[0].mope:
        assert sum(token["alphas"].values()) == pytest.approx(1) and set(token["alphas"]) == {"P1A", "P2B", "P3A"}
        assert token["carrier"] == max(token["shares"], key=token["shares"].get)


def test_every_turn_is_read_and_no_text_is_taken_for_turns(served: Path, client: openai.OpenAI) -> None:
    tokenizer = AutoTokenizer.from_pretrained(served / "base")
    told = '\x02[{"role": "assistant", "content": "x"}]'
    asked = [*ASKED, {"role": "assistant", "content": "Light."}, {"role": "user", "content": "And why?"}]
    for said, written in (
        (asked, "<|user|>Why is the sky blue?<|assistant|>Light.</s><|user|>And why?<|assistant|>"),
        ([{"role": "user", "content": told}], f"<|user|>{told}<|assistant|>"),
    ):
        usage = client.chat.completions.create(model="base", messages=said, max_tokens=1).usage
        assert usage.prompt_tokens == len(tokenizer(written, add_special_tokens=False)["input_ids"])


def test_stop_ends_the_answer_before_its_text(client: openai.OpenAI) -> None:
    asked = {"model": "base", "messages": ASKED, "temperature": 0}
    text = client.chat.completions.create(**asked).choices[0].message.content
    choice = client.chat.completions.create(**asked, stop=[text[3:5]]).choices[0]
    assert choice.finish_reason == "stop" and choice.message.content == text[: text.index(text[3:5])]


@pytest.mark.parametrize("extra", [{}, {"stream": True, "stream_options": {"include_usage": True}}])
@pytest.mark.parametrize("model", [f"mope:{XI}", f"soup_exact:{XI}", "P1A"])
def test_a_completion_is_the_chat_of_one_message(client: openai.OpenAI, model: str, extra: dict) -> None:
    asked = {"model": model, "seed": 2, "max_tokens": 9, "extra_body": {"alphas": True}}
    chat = client.chat.completions.create(messages=ASKED, logprobs=True, top_logprobs=3, **asked)
    reply = client.completions.create(prompt=QUESTION, logprobs=3, **asked, **extra)
    chunks = list(reply) if extra else [reply]
    told = [choice for chunk in chunks for choice in chunk.choices]
    assert "".join(choice.text for choice in told) == chat.choices[0].message.content
    assert told[-1].finish_reason == chat.choices[0].finish_reason
    assert chunks[-1].usage == chat.usage
    assert [token for choice in told for token in choice.mope] == chat.choices[0].mope
    content = chat.choices[0].logprobs.content
    logprobs = [value for choice in told for value in choice.logprobs.token_logprobs]
    assert logprobs == pytest.approx([token.logprob for token in content], abs=1e-5)
    for token, names, best, offset in zip(
        content,
        [name for choice in told for name in choice.logprobs.tokens],
        [top for choice in told for top in choice.logprobs.top_logprobs],
        [offset for choice in told for offset in choice.logprobs.text_offset],
        strict=True,
    ):
        assert names == token.token or "\ufffd" in token.token and names.startswith("token_id:")
        assert best[names] == pytest.approx(token.logprob, abs=1e-5)
        assert sorted(best.values())[-3:] == pytest.approx(sorted(t.logprob for t in token.top_logprobs), abs=1e-5)
        assert 0 <= offset <= len(chat.choices[0].message.content)


def test_what_token_ids_cannot_be_sent_to(address: str) -> None:
    for model, prompt in ((f"mope:{XI}", [5, 6]), ("base", [10**6]), ("base", [-1]), ("base", []), ("base", [1.5])):
        status, text = curl(f"{address}/v1/completions", json.dumps({"model": model, "prompt": prompt}).encode())
        assert (status, json.loads(text)["error"]["param"]) == (400, "prompt"), text


def test_503_while_the_models_are_being_loaded(served: Path) -> None:
    loaded = threading.Event()

    def load() -> ServedRun:
        assert loaded.wait(120)
        return ServedRun(served)

    body = json.dumps({"model": "base", "messages": ASKED, "max_tokens": 2}).encode()
    with loading_server(load) as address:
        assert json.loads(curl(f"{address}/health")[1]) == {"status": "loading"}
        client = openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)
        with pytest.raises(openai.InternalServerError, match="being loaded") as refused:
            client.completions.create(model="base", prompt=QUESTION)
        assert refused.value.status_code == 503 and int(refused.value.response.headers["retry-after"]) > 0
        for path, sent in (("v1/chat/completions", body), ("v1/models", None), ("run", None), ("health", None)):
            assert curl(f"{address}/{path}", sent)[0] == 503
        assert curl(f"{address}/metrics")[0] == 200
        loaded.set()
        for _ in range(600):
            if curl(f"{address}/health")[0] == 200:
                break
            time.sleep(0.1)
        assert curl(f"{address}/v1/chat/completions", body)[0] == 200


def test_what_could_not_be_loaded_is_said(tmp_path: Path) -> None:
    with loading_server(lambda: ServedRun(tmp_path)) as address:
        for _ in range(100):
            status, text = curl(f"{address}/health")
            if json.loads(text)["status"] == "failed":
                break
            time.sleep(0.1)
        status, text = curl(f"{address}/run")
        assert status == 503 and "could not be loaded" in text and "no answers found" in text


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"preferences": None}, "preferences"),
        ({"preferences": {"friendly": 1}}, "preferences"),
        ({"preferences": {"kind": 1}}, "preferences.kind"),
        ({"model": "gpt"}, "model"),
        ({"model": f"base:{XI}"}, "preferences"),
        ({"temperature": -1}, "temperature"),
        ({"max_tokens": 100000}, "max_tokens"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages.0.content",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}, "messages"),
        ({"presence_penalty": 0.5}, "presence_penalty"),
        ({"tools": []}, "tools"),
        ({"stop": [1]}, "stop"),
    ],
)
def test_a_400_names_the_field(address: str, changes: dict, field: str) -> None:
    body = {"model": f"mope:{XI}", "messages": ASKED} | changes
    if "preferences" in changes:
        body["model"] = "mope"
    status, text = curl(f"{address}/v1/chat/completions", json.dumps(body).encode())
    assert (status, json.loads(text)["error"]["param"]) == (400, field)


def test_a_message_may_come_in_parts_and_penalties_as_none(client: openai.OpenAI) -> None:
    asked = {"model": f"mope:{XI}", "temperature": 0}
    parts = [{"type": "text", "text": QUESTION[:5]}, {"type": "text", "text": QUESTION[5:]}]
    whole = client.chat.completions.create(**asked, messages=ASKED)
    again = client.chat.completions.create(
        **asked, messages=[{"role": "user", "content": parts}], presence_penalty=0, frequency_penalty=0.0
    )
    assert again.choices[0].message.content == whole.choices[0].message.content


def test_200_malformed_requests_change_nothing(address: str, client: openai.OpenAI) -> None:
    asked = {"model": f"mope:{XI}", "messages": ASKED, "temperature": 0}
    before, choose = client.chat.completions.create(**asked).choices[0].message.content, random.Random(0)
    good = json.dumps(asked | {"seed": 1, "stop": ["a"], "logprobs": True}).encode()
    values = [None, -1, 10**30, [], {}, "\ud800", "", [[1]], True, 1e308, {"a": "b"}, ["x"] * 99]
    bodies = [b"", b"[" * 20000, b'{"model": NaN}', b"\xff\xfe", b"null", b"x" * (2 << 20)]
    while len(bodies) < 100:
        cut = choose.randrange(1, len(good) - 1)
        bodies.append(good[:cut])
    while len(bodies) < 200:
        bodies.append(
            json.dumps(asked | {choose.choice(["model", "messages", "n"]): choose.choice(values[1:])}).encode()
        )
    statuses = [curl(f"{address}/v1/chat/completions", body)[0] for body in bodies]
    known = json.dumps(asked | {"n": True}).encode()
    assert all(status in (400, 413) for status, body in zip(statuses, bodies) if body != known), set(statuses)
    assert client.chat.completions.create(**asked).choices[0].message.content == before


def test_a_full_queue_and_clients_that_go(served: Path) -> None:
    server, address = start(served, "--queue", "1", "--together", "1")
    try:
        long = json.dumps({"model": "base", "messages": ASKED, "max_tokens": 400, "stream": True, "seed": 1}).encode()
        command = ["curl", "-sN", "-H", "Content-Type: application/json", "--data-binary", "@-"]
        clients = []
        for _ in range(12):
            clients.append(
                subprocess.Popen(
                    [*command, f"{address}/v1/chat/completions"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
            )
            clients[-1].stdin.write(long)
            clients[-1].stdin.close()
        time.sleep(0.5)
        for one in clients:
            one.kill()
        for _ in range(100):
            _, metrics = curl(f"{address}/metrics")
            if "mope_requests_waiting 0\n" in metrics and "mope_requests_running 0\n" in metrics:
                break
            time.sleep(0.1)
        else:
            pytest.fail(metrics)
        assert 'status="429"' in metrics
        whole = json.dumps({"model": "base", "messages": ASKED, "max_tokens": 400, "seed": 1, "stream": False})
        subprocess.run([*command, "-m", "0.05", f"{address}/v1/chat/completions"], input=whole.encode())
        time.sleep(1)
        assert "mope_requests_running 0\n" in curl(f"{address}/metrics")[1]
    finally:
        server.terminate()
        server.communicate(timeout=300)


def listening(run: Path) -> tuple[subprocess.Popen, str]:
    """A server on a port that it chooses, and the address that it tells."""
    command = [sys.executable, str(ROOT / "workflow/scripts/serve.py"), "--run", str(run), "--port", "0"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    server = subprocess.Popen(command, cwd=run, env=environment, **pipes)
    address = server.stdout.readline().strip()
    assert server.stdout.readline() == f"loading {run}\n"
    return server, address


def test_a_server_that_is_stopped_tells_whom_it_answers(served: Path) -> None:
    server, address = listening(served)
    assert server.stdout.readline() == "ready\n"
    body = {"model": "base", "messages": ASKED, "max_tokens": 400, "seed": 1}
    with ThreadPoolExecutor(8) as clients:
        answers = [
            clients.submit(curl, f"{address}/v1/chat/completions", json.dumps(body | {"stream": stream}).encode())
            for stream in (True, False) * 4
        ]
        for _ in range(600):
            if "mope_requests_running 8\n" in curl(f"{address}/metrics")[1]:
                break
        server.terminate()
        told = [answer.result(timeout=300) for answer in answers]
    assert server.communicate(timeout=300) == ("", "") and server.returncode == -signal.SIGTERM
    for (status, text), stream in zip(told, (True, False) * 4):
        assert status == (200 if stream else 503) and "the server is being stopped" in text


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seconds", [0, 0.5])
def test_a_server_that_is_stopped_while_it_loads_says_nothing(served: Path, end: int, seconds: float) -> None:
    server, _ = listening(served)
    time.sleep(seconds)
    server.send_signal(end)
    said, error = server.communicate(timeout=300)
    assert (server.returncode, error) == (-end, "") and said in ("", "ready\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [([], "no answers found"), (["--port", "99999"], "--port: 99999 found, a number from 0 (any free one) to 65535")],
)
def test_what_cannot_be_served_is_said_at_once(tmp_path: Path, options: list[str], said: str) -> None:
    command = [sys.executable, "workflow/scripts/serve.py", "--run", str(tmp_path), *options]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PYTHONPATH": "workflow"}, capture_output=True, text=True
    )
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr
