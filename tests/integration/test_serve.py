"""The real server behind a run of tiny models, asked by curl and by the `openai` client."""

import json
import os
import random
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny import tiny_config
from transformers import AutoTokenizer, LlamaForCausalLM

from mope.config.load import load_config
from mope.controller.pcm import PreferenceController, PreferenceControllerConfig
from mope.preferences import load_preferences
from mope.provenance.artifact import write
from mope.training.tokenizer import train_tokenizer

ROOT = Path(__file__).resolve().parents[2]
IDS = ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"]
XI = "P1A-P2B-P3A"
ASKED = [{"role": "user", "content": "Why is the sky blue?"}]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run leaves, with random weights: base, experts, a controller, records of its rows."""
    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    texts = load_preferences(ROOT / "workflow/prompts/preferences.yaml", IDS)
    tokenizer = train_tokenizer(["Why is the sky blue?", *texts.texts.values()] * 5, 320)
    shape = tiny_config(vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id)
    record = {"params": {}, "seeds": {}, "inputs": []}

    def keep(path: Path, *models) -> None:
        with write(path, stage="t", **record) as tmp:
            for model in models:
                model.save_pretrained(tmp)

    keep(folder / "base", LlamaForCausalLM(shape), tokenizer)
    lora = LoraConfig(task_type="CAUSAL_LM", r=2, target_modules="all-linear", init_lora_weights=False)
    for name in IDS:
        keep(folder / "expert" / name, get_peft_model(LlamaForCausalLM(shape), lora))
    controller = PreferenceController(PreferenceControllerConfig(IDS, **shape.to_dict()))
    torch.nn.init.normal_(controller.head.weight)
    keep(folder / "controller/mope/seed0", controller)
    with write(folder / "preferences.yaml", stage="t", **record) as tmp:
        tmp.write_text((ROOT / "workflow/prompts/preferences.yaml").read_text())
    config = load_config(ROOT)
    for name, method in config["methods"].items():
        generation = config["generation"] | {"max_new_tokens": 12}
        params = {"name": name, "method": method, "generation": generation, "preferences": IDS}
        params |= {"seed": 7, "precision": "float32"}
        with write(folder / f"responses/single/{name}.parquet", stage="t", params=params, seeds={}, inputs=[]) as tmp:
            tmp.write_text(name)
    return folder


def start(run: Path, *options: str) -> tuple[subprocess.Popen, str]:
    """A server on a free port, ready to answer; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "workflow/scripts/serve.py", "--run", str(run), "--port", str(port), *options]
    environment = os.environ | {"PYTHONPATH": "workflow", "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if curl(f"http://127.0.0.1:{port}/health")[0] == 200:
            return server, f"http://127.0.0.1:{port}"
        assert server.poll() is None, server.stderr.read()
        time.sleep(0.2)
    raise TimeoutError


@pytest.fixture(scope="module")
def address(run: Path):
    server, address = start(run)
    yield address
    server.terminate()
    server.communicate(timeout=30)


def curl(url: str, body: bytes | None = None) -> tuple[int, str]:
    """Status and text."""
    post = [] if body is None else ["-H", "Content-Type: application/json", "--data-binary", "@-"]
    done = subprocess.run(
        ["curl", "-s", "-m", "60", "-w", "\n%{http_code}", *post, url], input=body, capture_output=True
    )
    text, _, status = done.stdout.decode().rpartition("\n")
    return int(status), text


@pytest.fixture
def client(address: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)


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


def test_every_turn_is_read_and_no_text_is_taken_for_turns(run: Path, client: openai.OpenAI) -> None:
    tokenizer = AutoTokenizer.from_pretrained(run / "base")
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
        ({"messages": [{"role": "system", "content": "x"}]}, "messages.0.role"),
        ({"tools": []}, "tools"),
    ],
)
def test_a_400_names_the_field(address: str, changes: dict, field: str) -> None:
    body = {"model": f"mope:{XI}", "messages": ASKED} | changes
    if "preferences" in changes:
        body["model"] = "mope"
    status, text = curl(f"{address}/v1/chat/completions", json.dumps(body).encode())
    assert (status, json.loads(text)["error"]["param"]) == (400, field)


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


def test_a_full_queue_and_clients_that_go(run: Path) -> None:
    server, address = start(run, "--queue", "1", "--together", "1")
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
        server.communicate(timeout=30)


def test_nothing_to_serve_is_said_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "workflow/scripts/serve.py", "--run", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PYTHONPATH": "workflow"}, capture_output=True, text=True
    )
    assert done.returncode == 2 and "no answers found" in done.stderr and "Traceback" not in done.stderr
