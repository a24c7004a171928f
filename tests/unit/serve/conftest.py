"""A run of tiny models, and the application behind it in this process."""

import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from tiny_run import tiny_run

from mope.serve.api import make_app
from mope.serve.served_run import ServedRun
from mope.serve.server_limits import Limits


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> ServedRun:
    return ServedRun(tiny_run(tmp_path_factory.mktemp("run"), max_new_tokens=6))


@pytest.fixture
def client(served: ServedRun) -> Iterator[TestClient]:
    """A client of a server of its own, which has counted nothing yet."""
    with TestClient(make_app(lambda: served, Limits()), raise_server_exceptions=False) as client:
        while client.get("/health").status_code != 200:
            time.sleep(0.01)
        yield client
