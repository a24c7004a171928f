"""Downloads through the real client from a server that speaks as much of the hub's protocol as they need."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mope.data.hub import download_model
from mope.errors import MopeError

REVISION = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights",
    "pytorch_model.bin": b"pickle",
    "README.md": b"---\nlicense: mit\n---\n",
}
DATA = {"data/train.parquet": b"PAR1 and more"}


class Hub(BaseHTTPRequestHandler):
    """One model and one data set, each at one commit."""

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:  # noqa: N802 (the name that http.server calls)
        self.do_GET()

    def do_GET(self) -> None:  # noqa: N802
        path = self.path.split("?")[0]
        for prefix, api, files in (("/org/model", "models/org/model", FILES), ("/datasets/org/data", "-", DATA)):
            if path == f"/api/{api}/revision/{REVISION}":
                self.answer(
                    json.dumps({"id": "x", "sha": REVISION, "siblings": [{"rfilename": f} for f in files]}).encode()
                )
                return
            if path.startswith(f"/api/{api}/tree/{REVISION}"):
                entries = [{"type": "file", "path": f, "size": len(c), "oid": "0"} for f, c in files.items()]
                self.answer(json.dumps(entries).encode())
                return
            name = path.removeprefix(f"{prefix}/resolve/{REVISION}/")
            if name in files:
                self.answer(files[name])
                return
        self.answer(b"", 404)

    def answer(self, content: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", REVISION)
        if status == 404:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def download(root: Path, stage: str, endpoint: str, settings: dict, out: Path) -> subprocess.CompletedProcess[str]:
    """The script as its rule runs it."""
    environment = os.environ | {"PYTHONPATH": str(root / "workflow"), "HF_HUB_OFFLINE": "0", "HF_ENDPOINT": endpoint}
    environment["HF_HOME"] = str(out.parent / "cache")
    command = [sys.executable, root / f"workflow/scripts/{stage}.py", "--settings", json.dumps(settings), "--out", out]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def test_a_model_at_its_commit_without_pickles(root: Path, endpoint: str, tmp_path: Path) -> None:
    done = download(root, "download_model", endpoint, {"id": "org/model", "revision": REVISION}, tmp_path / "model")
    assert done.returncode == 0, done.stderr
    files = {file.name: file.read_bytes() for file in (tmp_path / "model").rglob("*") if file.is_file()}
    assert files == {name: content for name, content in FILES.items() if name != "pytorch_model.bin"}
    assert json.loads((tmp_path / "model.meta.json").read_text())["params"]["revision"] == REVISION


def test_a_file_of_a_data_set(root: Path, endpoint: str, tmp_path: Path) -> None:
    settings = {"hub": "org/data", "revision": REVISION, "file": "data/train.parquet"}
    done = download(root, "download_prompts", endpoint, settings, tmp_path / "train.parquet")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "train.parquet").read_bytes() == DATA["data/train.parquet"]


def test_what_is_not_there_is_one_line(root: Path, endpoint: str, tmp_path: Path) -> None:
    done = download(root, "download_model", endpoint, {"id": "org/model", "revision": "f" * 40}, tmp_path / "model")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith(f"error: org/model at {'f' * 40}: not downloaded")
    assert not (tmp_path / "model").exists()


def test_pickled_weights_are_not_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = []

    def fetch(name: str, allow_patterns: list[str], local_dir: Path, **_: object) -> None:
        asked.extend(allow_patterns)
        (local_dir / "config.json").write_text("{}")

    monkeypatch.setattr("mope.data.hub.snapshot_download", fetch)
    with pytest.raises(MopeError, match=f"org/old at {REVISION}: no weights as safetensors"):
        download_model("org/old", REVISION, tmp_path)
    assert asked and not [pattern for pattern in asked if pattern.endswith((".bin", ".pt", ".pth"))]
