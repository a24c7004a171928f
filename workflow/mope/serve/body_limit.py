"""Refuses requests whose body is larger than a limit."""

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mope.serve.error_replies import error_reply


class BodyLimit:
    """Answers 413 to bodies of more than `most` bytes, counted as they are read: a declared length is not relied on.

    `refused` is called before each such answer.
    """

    def __init__(self, app: ASGIApp, most: int, refused: Callable[[], None]):
        self.app, self.most, self.refused = app, most, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            if len(body) > self.most:
                self.refused()
                reply = error_reply(413, f"a body of more than {self.most} bytes found")
                await reply(scope, receive, send)
                return
            if not message.get("more_body"):
                break
        whole = [{"type": "http.request", "body": body, "more_body": False}]

        async def replayed() -> Message:
            return whole.pop() if whole else await receive()

        await self.app(scope, replayed, send)
