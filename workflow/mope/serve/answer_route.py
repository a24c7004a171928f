"""From a question to its reply, streamed or whole, for chat completions and completions alike."""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from mope.serve.answering import Answering
from mope.serve.asked import parse_question
from mope.serve.error_replies import error_reply
from mope.serve.question_fields import AnyQuestion, FieldError
from mope.serve.replies import ReplyWriter, reply_writer
from mope.serve.scheduler import BusyError, EndingError
from mope.serve.server_state import ServerState

GONE = 499  # status in the metrics: the client closed the connection before its answer was complete


async def reply_to(state: ServerState, question: AnyQuestion, request: Request) -> Response:
    """The reply to a question, or the error that says why there is none."""
    if not state.run:
        state.count(503)
        return state.not_ready()
    run, name = state.run, ""
    try:
        asked = await asyncio.get_running_loop().run_in_executor(state.reader, parse_question, run, question)
        name = asked.name
        answering = Answering(state.scheduler, run.tokenizer, asked, question)
    except FieldError as error:
        state.count(400, name)
        return error_reply(400, str(error), error.field)
    except BusyError as error:
        state.count(429, name)
        return error_reply(429, str(error), headers={"Retry-After": str(error.retry_after)})
    except EndingError as error:
        state.count(503, name)
        return error_reply(503, str(error))
    writer = reply_writer(question, asked, run)
    if question.stream:
        return StreamingResponse(streamed(answering, writer, state), media_type="text/event-stream")
    return await whole_reply(answering, writer, state, request)


async def whole_reply(answering: Answering, writer: ReplyWriter, state: ServerState, request: Request) -> Response:
    """The reply as one JSON object; if the client closes the connection earlier, the request leaves the batch."""
    watching = asyncio.create_task(leave_when_gone(request, answering))
    status, pieces = GONE, []
    try:
        async for piece in answering:
            pieces.append(piece)
        status = 200
    except ConnectionResetError:
        return error_reply(GONE, "the client has gone")
    except Exception as error:
        status, reason = failure(error)
        return error_reply(status, reason)
    finally:
        answering.leave()
        watching.cancel()
        state.tokens += len(pieces)
        state.count(status, writer.asked.name)
    return JSONResponse(writer.whole(pieces))


async def leave_when_gone(request: Request, answering: Answering) -> None:
    """Once the client has closed the connection, end the wait for further pieces and drop the answer."""
    while not await request.is_disconnected():
        await asyncio.sleep(0.2)
    answering.pieces.put_nowait(ConnectionResetError())
    answering.leave()


async def streamed(answering: Answering, writer: ReplyWriter, state: ServerState) -> AsyncIterator[str]:
    """Server-sent events. If the client closes the connection, this is cancelled and the request leaves the batch."""
    status, count = GONE, 0
    try:
        for chunk in writer.before():
            yield event(chunk)
        async for piece in answering:
            count += 1
            yield event(writer.chunk(piece))
        for chunk in writer.after(count):
            yield event(chunk)
        yield "data: [DONE]\n\n"
        status = 200
    except Exception as error:
        status, reason = failure(error)
        yield event({"error": {"message": reason, "type": "server_error"}})
    finally:
        answering.leave()
        state.tokens += count
        state.count(status, writer.asked.name)


def failure(error: Exception) -> tuple[int, str]:
    """The status and the reason where an answer has not come to its end."""
    if isinstance(error, EndingError):
        return 503, str(error)
    return 500, f"decoding failed: {type(error).__name__}"


def event(content: dict) -> str:
    """One server-sent event."""
    return f"data: {json.dumps(content)}\n\n"
