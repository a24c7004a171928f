"""The real server behind a run of tiny models."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from tiny_run import ROOT

XI = "P1A-P2B-P3A"


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start(run: Path, *options: str) -> tuple[subprocess.Popen, str]:
    """A server on a free port, ready to answer; its address. It works in the run's folder, not the project's."""
    port = free_port()
    command = [
        sys.executable,
        str(ROOT / "workflow/scripts/serve.py"),
        "--run",
        str(run),
        "--port",
        str(port),
        *options,
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(command, cwd=run, env=environment, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if curl(f"http://127.0.0.1:{port}/health")[0] == 200:
            return server, f"http://127.0.0.1:{port}"
        assert server.poll() is None, server.stderr.read()
        time.sleep(0.2)
    raise TimeoutError


def curl(url: str, body: bytes | None = None) -> tuple[int, str]:
    """Status and text."""
    post = [] if body is None else ["-H", "Content-Type: application/json", "--data-binary", "@-"]
    done = subprocess.run(
        ["curl", "-s", "-m", "60", "-w", "\n%{http_code}", *post, url], input=body, capture_output=True
    )
    text, _, status = done.stdout.decode().rpartition("\n")
    return int(status), text
