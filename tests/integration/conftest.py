"""A server that several tests ask."""

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from served_tiny_run import start
from tiny_run import tiny_run


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of tiny models."""
    return tiny_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def address(served: Path) -> Iterator[str]:
    """The address of a server behind it."""
    server, address = start(served)
    yield address
    server.terminate()
    server.communicate(timeout=300)


@pytest.fixture
def client(address: str) -> openai.OpenAI:
    """A client of that server."""
    return openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)
