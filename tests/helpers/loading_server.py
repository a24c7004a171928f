"""The server in this process, with models that are loaded when a test says so."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from served_tiny_run import free_port

from mope.serve.api import make_app
from mope.serve.listening import Listening
from mope.serve.served_run import ServedRun
from mope.serve.server_limits import Limits


@contextmanager
def loading_server(load: Callable[[], ServedRun]) -> Iterator[str]:
    """The address of a server that answers as soon as `load`, which may wait, has returned."""
    port = free_port()
    server = Listening(make_app(load, Limits()), "127.0.0.1", port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=300)
