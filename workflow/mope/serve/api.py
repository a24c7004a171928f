"""The server: OpenAI's chat completions and completions over the rows of one run, a page, /health and /metrics."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from mope.errors import shortened
from mope.serve.answer_route import reply_to
from mope.serve.body_limit import BodyLimit
from mope.serve.error_replies import error_reply
from mope.serve.malformed_body import what_is_wrong
from mope.serve.question_fields import ChatQuestion, CompletionQuestion
from mope.serve.run_facts import facts_of, listed_models
from mope.serve.served_run import ServedRun
from mope.serve.server_limits import Limits
from mope.serve.server_state import ServerState

PAGE_FOLDER = Path(__file__).parent / "page"
# How monitors ask whether a server is there. Not in the schema, where both methods would have the same name.
FOR_MONITORS = {"methods": ["GET", "HEAD"], "include_in_schema": False}


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
        state.count(400)
        field, message = what_is_wrong(error.errors()[0])
        return error_reply(400, message, field)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        return error_reply(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        state.count(500)
        return error_reply(500, f"the server failed: {type(error).__name__}")

    @app.api_route("/health", **FOR_MONITORS)
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
        return JSONResponse({"object": "list", "data": listed_models(state.run)})

    @app.get("/v1/models/{name}")
    async def one_model(name: str) -> JSONResponse:
        if not state.run:
            return state.not_ready()
        found = [model for model in listed_models(state.run) if model["id"] == name]
        if not found:
            return error_reply(404, f"{shortened(name, 80)!r} is unknown; GET /v1/models lists them", "model")
        return JSONResponse(found[0])

    @app.post("/v1/chat/completions")
    async def chat(question: ChatQuestion, request: Request) -> Response:
        return await reply_to(state, question, request)

    @app.post("/v1/completions")
    async def complete(question: CompletionQuestion, request: Request) -> Response:
        return await reply_to(state, question, request)

    @app.get("/run")
    async def run() -> JSONResponse:
        return JSONResponse(facts_of(state.run)) if state.run else state.not_ready()

    @app.api_route("/", **FOR_MONITORS)
    async def page() -> FileResponse:
        return FileResponse(PAGE_FOLDER / "index.html")

    app.mount("/static", StaticFiles(directory=PAGE_FOLDER / "static"))
    return app
