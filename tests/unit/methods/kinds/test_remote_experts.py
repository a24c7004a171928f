"""Rows of kind remote answer as the same experts on this machine do, from two servers on loopback."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from peft import PeftModel
from tiny_run import IDS, ROOT, tiny_run
from transformers import LlamaForCausalLM

from mope.errors import MopeError
from mope.methods.endpoints import endpoint_problems, missing_keys
from mope.methods.generation import generate
from mope.methods.generator import GenerationSettings, Generator, Models
from mope.preferences import load_preferences

PROMPTS = pd.DataFrame([("q0", "Why is the sky blue?")], columns=["prompt_id", "prompt"])
BY_ID = {"return_tokens_as_token_ids": True}  # vLLM's parameter, so that no token is lost


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def endpoints(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """Every second expert, and the base, on one server, the others on another; each wants a key."""
    folder, found, servers = tmp_path_factory.mktemp("merged"), {}, []
    for name in IDS:
        model = PeftModel.from_pretrained(LlamaForCausalLM.from_pretrained(run / "base"), run / "expert" / name)
        model.merge_and_unload().save_pretrained(folder / name)
    models = {name: folder / name for name in IDS} | {"base": run / "base"}
    for place in (0, 1):
        own = list(models)[place::2]
        command = [sys.executable, ROOT / "tests/helpers/completions_server.py", *(f"{n}={models[n]}" for n in own)]
        servers.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"SERVER_KEY": f"secret-{place}"})
        )
        url = f"http://127.0.0.1:{int(servers[-1].stdout.readline())}/v1"
        for name in own:
            found[name] = {"base_url": url, "model": name, "key_variable": f"EXPERT_KEY_{place}", "extra": BY_ID}
    yield found
    for server in servers:
        server.kill()
        server.communicate()


@pytest.fixture
def generator(run: Path, monkeypatch: pytest.MonkeyPatch) -> Generator:
    for place in (0, 1):
        monkeypatch.setenv(f"EXPERT_KEY_{place}", f"secret-{place}")
    settings = {"seed": 0, "temperature": 0.0, "top_p": 1.0, "top_k": 0, "no_repeat_ngram": 3, "min_new_tokens": 1}
    models = Models(run / "base", {i: run / "expert" / i for i in IDS}, {0: run / "controller/mope/seed0"})
    preferences = load_preferences(ROOT / "workflow/prompts/preferences.yaml", IDS)
    return Generator(models, preferences, GenerationSettings(**settings, max_new_tokens=4))


@pytest.mark.parametrize(
    "row",
    [
        {"mixer": "controller", "controller": "mope", "prompt": "own"},
        {"mixer": "logit", "prompt": "all"},
        {"mixer": "arithmetic", "strength": 0.7, "prompt": "own"},
    ],
    ids=lambda row: row["mixer"],
)
def test_as_the_experts_on_this_machine(row: dict, generator: Generator, endpoints: dict) -> None:
    asked = endpoints if row["mixer"] == "arithmetic" else {name: endpoints[name] for name in IDS}
    remote = generate(generator, row | {"kind": "remote", "endpoints": asked, "top_k": 320}, PROMPTS)
    local = generate(generator, row | {"kind": "mix"}, PROMPTS)
    pd.testing.assert_frame_equal(remote, local)
    assert remote.response.nunique() > 1


def test_a_server_that_is_gone_or_late_is_one_line(generator: Generator, endpoints: dict, serve: Callable) -> None:
    row = {"kind": "remote", "mixer": "uniform", "prompt": "own", "attempts": 1, "timeout": 5.0}
    gone = {name: endpoints[name] for name in IDS} | {"P3B": {"base_url": "http://127.0.0.1:9/v1", "model": "m"}}
    with pytest.raises(MopeError, match=r"expert P3B at http://127.0.0.1:9/v1: Connection error\. .*\(after 1 tries\)"):
        generate(generator, row | {"endpoints": gone}, PROMPTS)
    slow = serve(lambda number, request: lambda handler: time.sleep(8))
    late = gone | {"P3B": {"base_url": slow.url, "model": "m"}}
    with pytest.raises(MopeError, match="expert P3B at .*timed out"):
        generate(generator, row | {"endpoints": late}, PROMPTS)


def test_a_wrong_key_is_one_line_without_it(
    generator: Generator, endpoints: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPERT_KEY_1", "another-secret-0123456789")
    row = {"kind": "remote", "mixer": "uniform", "prompt": "own", "endpoints": {name: endpoints[name] for name in IDS}}
    with pytest.raises(MopeError, match="expert P.B at .*status 401") as caught:
        generate(generator, row, PROMPTS)
    assert "another-secret" not in str(caught.value)


AT = {"base_url": "http://host:8000/v1", "model": "m"}


@pytest.mark.parametrize(
    ("endpoints", "key", "said"),
    [
        ({"P1A": AT}, (), "P1B is missing"),
        ({"P1A": AT, "P1B": AT, "base": AT}, ("base",), "takes no part"),
        ({"P1A": AT, "P1B": AT | {"base_url": "host:8000"}}, ("P1B", "base_url"), "https://"),
        ({"P1A": AT, "P1B": AT | {"base_url": "http://h/v1/completions"}}, ("P1B", "base_url"), "without /completions"),
        ({"P1A": AT, "P1B": AT | {"key_variable": "sk-123"}}, ("P1B", "key_variable"), "EXPERT_API_KEY"),
        ({"P1A": AT, "P1B": AT | {"extra": {"prompt": "x"}}}, ("P1B", "extra", "prompt"), "no further parameter"),
        ({"P1A": AT, "P1B": AT | {"extra": {"x": float("nan")}}}, ("P1B", "extra"), "JSON"),
        ({"P1A": AT, "P1B": AT | {"extra": {"API_KEY": "sk-123"}}}, ("P1B", "extra", "API_KEY"), "may be a secret"),
    ],
)
def test_endpoints_that_cannot_be(endpoints: dict, key: tuple, said: str) -> None:
    [(found, problem)] = endpoint_problems("row", {"endpoints": endpoints}, ["P1A", "P1B"])
    assert found == ("methods", "row", "endpoints", *key) and said in problem and "sk-123" not in problem


def test_a_missing_key_is_known_before_the_first_job() -> None:
    methods = {"mope": {"kind": "mix"}, "far": {"endpoints": {"P1A": AT, "P1B": AT | {"key_variable": "MY_KEY"}}}}
    [said] = missing_keys(methods, {})
    assert said.startswith("methods.far.endpoints.P1B: MY_KEY is not set")
    assert list(missing_keys(methods, {"MY_KEY": "k"})) == []
