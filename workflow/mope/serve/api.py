"""The server: OpenAI's chat completions over the rows of one run, /health and /metrics."""

import asyncio
import json
import threading
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.exceptions import HTTPException

from mope.errors import visible
from mope.serve.answering import Answering
from mope.serve.asked import ChatQuestion, FieldError, understood
from mope.serve.body_limit import BodyLimit
from mope.serve.error_replies import error_reply
from mope.serve.replies import ReplyWriter
from mope.serve.scheduler import BusyError, Limits, Scheduler
from mope.serve.served_run import ServedRun

GONE = 499  # in the metrics: the client closed the connection before its answer was complete


class ServerState:
    """The loaded run, the counts for /metrics, and in `failed` the error with which loading has ended, if any."""

    def __init__(self, load: Callable[[], ServedRun], limits: Limits):
        self.run: ServedRun | None = None
        self.scheduler: Scheduler | None = None
        self.failed: Exception | None = None
        self.requests: Counter = Counter()  # (model, status)
        self.tokens = 0
        self._load, self._limits = load, limits

    def open(self) -> None:
        """Load the models, in a thread of its own; until that is done requests are answered with 503."""
        try:
            run = self._load()
            self.scheduler = Scheduler(run.ends, self._limits)
            self.run = run
        except Exception as error:
            traceback.print_exception(error)
            self.failed = error


def make_app(load: Callable[[], ServedRun], limits: Limits) -> FastAPI:
    """The application; when it starts, a thread calls `load`."""
    state = ServerState(load, limits)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loading = threading.Thread(target=state.open, daemon=True)
        loading.start()
        yield
        if state.scheduler:
            state.scheduler.stop()

    app = FastAPI(title="mope", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit, most=1 << 20)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:] if isinstance(part, str | int))
        state.requests["", 400] += 1
        return error_reply(400, first["msg"], field or None)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        return error_reply(error.status_code, str(error.detail))

    @app.get("/health")
    async def health() -> JSONResponse:
        if state.run:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "failed" if state.failed else "loading"}, 503)

    @app.get("/metrics")
    async def metrics() -> PlainTextResponse:
        counts = state.scheduler.counts() if state.scheduler else {}
        lines = ["# TYPE mope_requests_total counter"]
        lines += [
            f'mope_requests_total{{model={json.dumps(visible(model))},status="{status}"}} {count}'
            for (model, status), count in sorted(state.requests.items())
        ]
        lines += ["# TYPE mope_tokens_total counter", f"mope_tokens_total {state.tokens}"]
        for name in ("waiting", "running"):
            lines += [f"# TYPE mope_requests_{name} gauge", f"mope_requests_{name} {counts.get(name, 0)}"]
        lines += ["# TYPE mope_steps_total counter", f"mope_steps_total {counts.get('steps', 0)}"]
        return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")

    @app.get("/v1/models")
    async def models() -> JSONResponse:
        if not state.run:
            return loading_reply(state)
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
    async def chat(question: ChatQuestion, request: Request):
        if not state.run:
            return loading_reply(state)
        run, model = state.run, ""
        try:
            asked = understood(run, question)
            model = question.model
            answering = Answering(state.scheduler, run.tokenizer, asked, question)
        except FieldError as error:
            state.requests[model, 400] += 1
            return error_reply(400, str(error), error.field)
        except BusyError as error:
            state.requests[model, 429] += 1
            return error_reply(429, str(error), headers={"Retry-After": str(error.retry_after)})
        writer = ReplyWriter(question, asked, run.tokenizer)
        if question.stream:
            return StreamingResponse(streamed(answering, writer, state), media_type="text/event-stream")
        watching = asyncio.create_task(leave_when_gone(request, answering))
        status, pieces = GONE, []
        try:
            async for piece in answering:
                pieces.append(piece)
            status = 200
        except ConnectionResetError:
            return error_reply(GONE, "the client has gone")
        except Exception as error:
            status = 500
            return error_reply(500, f"decoding failed: {type(error).__name__}")
        finally:
            answering.leave()
            watching.cancel()
            state.tokens += len(pieces)
            state.requests[model, status] += 1
        return JSONResponse(writer.whole(pieces))

    return app


def loading_reply(state: ServerState) -> JSONResponse:
    """503, with the reason why there are no answers yet."""
    if state.failed:
        return error_reply(503, f"the models could not be loaded: {state.failed}")
    return error_reply(503, "the models are being loaded", headers={"Retry-After": "2"})


async def leave_when_gone(request: Request, answering: Answering) -> None:
    """Once the client has closed the connection, end the answer and the wait for its next piece."""
    while not await request.is_disconnected():
        await asyncio.sleep(0.2)
    answering.pieces.put_nowait(ConnectionResetError())
    answering.leave()


async def streamed(answering: Answering, writer: ReplyWriter, state: ServerState) -> AsyncIterator[str]:
    """The answer as server-sent events. A client that goes away cancels this, and its answer ends."""
    status, count = GONE, 0
    try:
        yield event(writer.first())
        async for piece in answering:
            count += 1
            yield event(writer.chunk(piece))
        if writer.question.stream_options and writer.question.stream_options.include_usage:
            yield event(writer.last(count))
        yield "data: [DONE]\n\n"
        status = 200
    except Exception as error:
        status = 500
        yield event({"error": {"message": f"decoding failed: {type(error).__name__}", "type": "server_error"}})
    finally:
        answering.leave()
        state.tokens += count
        state.requests[writer.question.model, status] += 1


def event(content: dict) -> str:
    """One server-sent event."""
    return f"data: {json.dumps(content)}\n\n"
