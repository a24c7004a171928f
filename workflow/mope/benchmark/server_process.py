"""A server as a process of its own: started on a free port, waited for, its memory measured, ended."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from mope.errors import MopeError


class ServerProcess:
    """`command`, in which {port} stands for the port; used by `with`, which waits until it is ready.

    `MopeError` where it ends, cannot load its models, or is not ready in time.
    """

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str], seconds: float = 600):
        """`log` takes what it prints; `seconds` is the longest that it may take to answer GET /health."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.command = [part.format(port=self.port) for part in command]
        self.log, self.environment, self.seconds = log, os.environ | environment, seconds
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "ServerProcess":
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdout=log, stderr=log)
        end = time.monotonic() + self.seconds
        try:
            while not self._healthy():
                if self.process.poll() is not None:
                    raise MopeError(f"{' '.join(self.command)}: has ended with {self.process.poll()}; see {self.log}")
                if time.monotonic() > end:
                    raise MopeError(f"{' '.join(self.command)}: not ready after {self.seconds:g} s; see {self.log}")
                time.sleep(0.5)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def megabytes(self) -> float:
        """The memory that it holds now (resident set), its children's included."""
        own = psutil.Process(self.process.pid)
        return sum(process.memory_info().rss for process in [own, *own.children(recursive=True)]) / 2**20

    def text(self, path: str) -> str:
        """The answer to GET `path`."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=60) as reply:
            return reply.read().decode()

    def _healthy(self) -> bool:
        try:
            self.text("/health")
        except urllib.error.HTTPError as error:
            if b"failed" in error.read():
                raise MopeError(f"{' '.join(self.command)}: could not load its models; see {self.log}") from None
            return False
        except OSError:
            return False
        return True
