"""A public chat client, the program `llm`, asks the real server as it asks any of OpenAI's kind."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import openai
import pytest
import yaml
from tiny_run import ROOT, tiny_run

from mope.benchmark.server_process import ServerProcess

XI, QUESTION = "P1A-P2B-P3A", "Why is the sky blue?"

if find_spec("llm") is None:
    pytest.skip("the package llm is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    run = tiny_run(tmp_path_factory.mktemp("run"))
    command = [sys.executable, str(ROOT / "workflow/scripts/serve.py"), "--run", str(run), "--port", "{port}"]
    environment = {"PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"}
    with ServerProcess(command, tmp_path_factory.mktemp("log") / "server.log", environment) as started:
        yield started


@pytest.fixture
def llm(server: ServerProcess, tmp_path: Path):
    """`llm(*arguments)`: what the program says, with the server's models among its own."""
    names = [f"mope:{XI}", "base"]
    models = [{"model_id": name, "model_name": name, "api_base": f"{server.url}/v1"} for name in names]
    (tmp_path / "extra-openai-models.yaml").write_text(yaml.safe_dump(models))
    environment = os.environ | {"LLM_USER_PATH": str(tmp_path), "LLM_LOAD_PLUGINS": ""}

    def ask(*arguments: str, said: str = "") -> str:
        command = [sys.executable, "-m", "llm", *arguments]
        options = {"input": said, "capture_output": True, "text": True, "timeout": 300}
        done = subprocess.run(command, env=environment, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return ask


def test_streamed_and_whole(llm, server: ServerProcess) -> None:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none") as client:
        asked = {"messages": [{"role": "user", "content": QUESTION}], "temperature": 0}
        reply = client.chat.completions.create(model=f"mope:{XI}", **asked).choices[0].message.content
    for way in ([], ["--no-stream"]):
        assert llm("-m", f"mope:{XI}", "-o", "temperature", "0", *way, QUESTION).strip() == reply.strip() != ""


def test_a_conversation_goes_on(llm) -> None:
    first = llm("-m", f"mope:{XI}", "-o", "seed", "1", QUESTION)
    second = llm("--continue", "-o", "seed", "1", "And at night?")
    assert first.strip() and second.strip() and "And at night?" in llm("logs", "--json", "-n", "2")
