"""The server: OpenAI's chat completions and completions over the rows of one run, a page, /health and /metrics."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import takewhile
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from mope.serve.answer_route import reply_to
from mope.serve.body_limit import BodyLimit
from mope.serve.error_replies import error_reply
from mope.serve.question_fields import ChatQuestion, CompletionQuestion
from mope.serve.run_facts import facts_of
from mope.serve.served_run import ServedRun
from mope.serve.server_limits import Limits
from mope.serve.server_state import ServerState

PAGE_FOLDER = Path(__file__).parent / "page"
UNION_PARTS = ("str", "list[str]", "list[int]")  # what pydantic adds to the name of a field that takes one or the other


def make_app(load: Callable[[], ServedRun], limits: Limits, ready: Callable[[], None] = lambda: None) -> FastAPI:
    """The application; when it starts, a thread calls `load`, and `ready` once there are answers."""
    state = ServerState(load, limits, ready)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loading = threading.Thread(target=state.open, daemon=True)
        loading.start()
        yield
        if state.scheduler:
            state.scheduler.stop()

    app = FastAPI(title="mope", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.served = state
    app.add_middleware(BodyLimit, most=1 << 20, refused=lambda: state.count(413))

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        parts = takewhile(lambda part: part not in UNION_PARTS, first["loc"][1:])
        field = ".".join(str(part) for part in parts if isinstance(part, str | int))
        state.count(400)
        return error_reply(400, first["msg"], field or None)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        return error_reply(error.status_code, str(error.detail))

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        state.count(500)
        return error_reply(500, f"the server failed: {type(error).__name__}")

    @app.get("/health")
    async def health() -> JSONResponse:
        if state.run:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "failed" if state.failed else "loading"}, 503)

    @app.get("/metrics")
    async def metrics() -> PlainTextResponse:
        return PlainTextResponse(state.metrics(), media_type="text/plain; version=0.0.4")

    @app.get("/v1/models")
    async def models() -> JSONResponse:
        if not state.run:
            return state.not_ready()
        combinations = state.run.preferences.combinations()
        names = [
            f"{name}{suffix}"
            for name, model in state.run.models.items()
            for suffix in ["", *(f":{xi}" for xi in combinations if model.needs_preferences)]
        ]
        names += [state.run.preferences.names[i] for i in state.run.preferences.ids]
        data = [{"id": name, "object": "model", "created": 0, "owned_by": state.run.run.name} for name in names]
        return JSONResponse({"object": "list", "data": data})

    @app.post("/v1/chat/completions")
    async def chat(question: ChatQuestion, request: Request) -> Response:
        return await reply_to(state, question, request)

    @app.post("/v1/completions")
    async def complete(question: CompletionQuestion, request: Request) -> Response:
        return await reply_to(state, question, request)

    @app.get("/run")
    async def run() -> JSONResponse:
        return JSONResponse(facts_of(state.run)) if state.run else state.not_ready()

    @app.get("/")
    async def page() -> FileResponse:
        return FileResponse(PAGE_FOLDER / "index.html")

    app.mount("/static", StaticFiles(directory=PAGE_FOLDER / "static"))
    return app
