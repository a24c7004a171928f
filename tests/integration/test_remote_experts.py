"""Black-box experts behind two of the project's own servers, mixed from this machine."""

import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pytest
from tiny_run import IDS, ROOT, tiny_run

from mope.benchmark.server_process import ServerProcess
from mope.methods.generation import generate
from mope.methods.generator import GenerationSettings, Generator, Models
from mope.preferences import load_preferences

PROMPTS = pd.DataFrame([("q0", "Why is the sky blue?")], columns=["prompt_id", "prompt"])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def servers(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ServerProcess]]:
    logs = tmp_path_factory.mktemp("logs")
    command = [sys.executable, str(ROOT / "workflow/scripts/serve.py"), "--run", str(run), "--port", "{port}"]
    environment = {"PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"}
    with ExitStack() as stack:
        yield [stack.enter_context(ServerProcess(command, logs / f"{place}.log", environment)) for place in (0, 1)]


def knows_completions(server: ServerProcess) -> bool:
    """Whether there is something at the address, which refuses an empty question."""
    try:
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/v1/completions", b"{}"))
    except urllib.error.HTTPError as error:
        return error.code != 404
    return True


@pytest.mark.parametrize("mixer", ["controller", "logit"])
def test_a_mixture_of_served_experts_is_that_of_local_ones(mixer: str, run: Path, servers: list) -> None:
    if not knows_completions(servers[0]):
        pytest.skip("the server has no /v1/completions")
    settings = {"seed": 0, "temperature": 0.0, "top_p": 1.0, "top_k": 0, "no_repeat_ngram": 3, "min_new_tokens": 1}
    models = Models(run / "base", {i: run / "expert" / i for i in IDS}, {0: run / "controller/mope/seed0"})
    preferences = load_preferences(ROOT / "workflow/prompts/preferences.yaml", IDS)
    generator = Generator(models, preferences, GenerationSettings(**settings, max_new_tokens=4))
    row = {"mixer": mixer, "prompt": "own", "top_k": 20} | ({"controller": "mope"} if mixer == "controller" else {})
    endpoints = {name: {"base_url": f"{servers[place % 2].url}/v1", "model": name} for place, name in enumerate(IDS)}
    remote = generate(generator, row | {"kind": "remote", "endpoints": endpoints}, PROMPTS)
    pd.testing.assert_frame_equal(remote, generate(generator, row | {"kind": "mix"}, PROMPTS))
