"""What pages of docs/howto do with a finished run, done as they write it, with the run of the smoke experiment."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from howto_page import CodeBlock, code_blocks, install, own_environment, run_commands

MARK = "finished run"
SAID = "friendly concise elementary\nWhat is rain?\n"  # preferences, an instruction, and the end of what is typed


@pytest.fixture
def finished(run: Path) -> Path:
    """The run in a copy of the project; it is also at the place of the default experiment's, which pages name."""
    install(run)
    (run / "results/laptop").symlink_to("smoke")
    return run


def blocks_of(root: Path, page: str) -> list[CodeBlock]:
    blocks = code_blocks((root / f"docs/howto/{page}.md").read_text())
    return [block for block in blocks if block.mark == MARK]


def follow(block: CodeBlock, folder: Path, said: str = "") -> str:
    """What the commands of a block print; the default experiment is the one that has finished."""
    outcome = run_commands(block, folder, said, EXPERIMENT="smoke", XDG_STATE_HOME=str(folder), HF_HUB_OFFLINE="1")
    assert outcome.returncode == 0, f"{block.text}\n{outcome.stdout[-2000:]}\n{outcome.stderr[-2000:]}"
    return outcome.stdout


def test_every_page_with_such_commands_is_followed(root: Path) -> None:
    pages = {page.stem for page in root.glob("docs/howto/*.md") if blocks_of(root, page.stem)}
    assert pages == {"chat", "load_test", "publish", "rerun_and_repair", "serve"}


def test_chat(root: Path, finished: Path) -> None:
    typed, piped = blocks_of(root, "chat")
    for command in typed.text.splitlines():
        shown = follow(CodeBlock("bash", MARK, "", command), finished, SAID)
        assert "friendly" in shown and len(shown.splitlines()) > 2, shown
    *tokens, end = map(json.loads, follow(piped, finished).splitlines())
    assert end["finish_reason"] in ("stop", "length") and end["known"] is True
    assert tokens and all("error" not in token for token in tokens)


def test_publish(root: Path, finished: Path) -> None:
    [block] = blocks_of(root, "publish")
    folders = [line for line in follow(block, finished).splitlines() if line.startswith("results/published/my-org/")]
    assert len(folders) > len(list((finished / "results/published/my-org").iterdir())) > 5  # some a second time


def test_verify_and_repair(root: Path, finished: Path) -> None:
    [block] = blocks_of(root, "rerun_and_repair")
    assert "all files are as they were written" in follow(block, finished)


@pytest.mark.skipif(find_spec("locust") is None, reason="the extra `load` is not installed")
def test_load_test(root: Path, finished: Path) -> None:
    [block] = blocks_of(root, "load_test")
    follow(block, finished)
    measured = json.loads((finished / "results/smoke/benchmarks/load.json").read_text())["systems"]["mope"]
    assert [one["clients"] for one in measured] == [1, 2] and all(one["failures"] == 0 for one in measured)


@pytest.fixture
def port(root: Path, finished: Path) -> Iterator[int]:
    """The port of the server that the page starts; not the page's own port, which may be taken."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = own_environment() | {"EXPERIMENT": "smoke", "PORT": str(port), "HF_HUB_OFFLINE": "1"}
    command = ["bash", "-euc", blocks_of(root, "serve")[0].text]
    with (finished / "serve.log").open("w") as log:
        options = {"cwd": finished, "env": environment, "stdout": log, "stderr": log, "start_new_session": True}
        server = subprocess.Popen(command, **options)
    yield port
    os.killpg(server.pid, signal.SIGTERM)
    server.wait(timeout=300)


def wait_until_loaded(address: str, log: Path) -> None:
    end = time.monotonic() + 300
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=10):
                return
        except OSError:  # not listening yet, or 503 while models are being loaded
            time.sleep(0.5)
    pytest.fail(log.read_text())


def test_serve(root: Path, finished: Path, port: int) -> None:
    asked = blocks_of(root, "serve")[1]
    address = "http://127.0.0.1:8000"
    assert address in asked.text
    wait_until_loaded(f"http://127.0.0.1:{port}", finished / "serve.log")
    here = asked.text.replace(address, f"http://127.0.0.1:{port}")
    lines = [line for line in follow(CodeBlock("bash", MARK, "", here), finished).splitlines() if line]
    assert lines[-1] == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    alphas = [token["alphas"] for chunk in chunks for choice in chunk["choices"] for token in choice.get("mope", [])]
    assert alphas and all(set(token) == {"P1A", "P2A", "P3A"} for token in alphas)
