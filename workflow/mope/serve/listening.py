"""The web server: it reports its address, and ends the answers under way before it stops."""

from collections.abc import Callable
from socket import socket

import uvicorn
from fastapi import FastAPI


class Listening(uvicorn.Server):
    """uvicorn's server of the application; `tell` is given the address once it listens.

    When it is stopped, it ends the answers under way first.
    """

    def __init__(self, app: FastAPI, host: str, port: int, tell: Callable[[str], None] = lambda address: None):
        super().__init__(uvicorn.Config(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=5))
        self.app, self.tell = app, tell

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self.tell(f"http://{f'[{host}]' if ':' in host else host}:{port}")

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self.app.state.served.end()
        await super().shutdown(sockets)
