"""One call to a server that speaks OpenAI's protocol: its answer as JSON, or the reason that it gives for a failure."""

import html
import json
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import openai

from mope.runtime.secret import shown

MOST_BYTES = 4 * 1024**2  # of an answer, after decompression
DEEPEST_REPLY = 5  # levels of an error's JSON that are searched for a reason
REASONS = ("message", "msg", "error", "detail", "details", "errors", "reason", "title")
HTML_TAG = re.compile(r"<[^<>]*>")


class MalformedError(Exception):
    """The server's answer is not what the protocol promises."""


def answer_of(call: Callable[[], AbstractContextManager], timeout: float) -> dict:
    """The JSON object that a call of `with_streaming_response` returns within `timeout` seconds.

    Raises `MalformedError` if the answer is no JSON object, is longer than `MOST_BYTES` or is late, and
    `openai.OpenAIError` if the server or the connection fails.
    """
    until = time.monotonic() + timeout
    data = bytearray()
    try:
        with call() as response:
            for chunk in response.iter_bytes():
                data += chunk
                if len(data) > MOST_BYTES:
                    raise MalformedError(f"the answer is longer than {MOST_BYTES // 1024**2} MB")
                if time.monotonic() > until:
                    raise MalformedError(f"the answer was not complete after {timeout:g} seconds")
    except (openai.OpenAIError, MalformedError):
        raise
    except Exception as error:  # the HTTP library raises many types while it reads an answer
        raise MalformedError(f"the answer cannot be read ({type(error).__name__}: {error})") from None
    return _object(bytes(data))


def _object(data: bytes) -> dict:
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError) as error:
        kind = "is nested too deeply" if isinstance(error, RecursionError) else "is no JSON"
        raise MalformedError(f"the answer {kind}: {_plain(data.decode(errors='replace'))}") from None
    if not isinstance(answer, dict):
        raise MalformedError(f"the answer is no JSON object: {_plain(data.decode(errors='replace'))}")
    return answer


def error_line(error: Exception, key: str | None) -> str:
    """One line that says what went wrong, in the server's own words where it gives any, without the key."""
    if isinstance(error, openai.APIStatusError):
        words = reason(error.body) or _plain(error.response.text) or error.response.reason_phrase
        moved = error.response.headers.get("location")
        text = f"status {error.status_code}: {words}" + (f" (moved to {moved})" if moved else "")
    elif isinstance(error, openai.APIConnectionError):
        cause = error.__cause__
        text = f"{error.message} {type(cause).__name__}: {cause}" if cause else error.message
    else:
        text = str(error)
    return shown(text, key)


def reason(body: object, depth: int = 0) -> str:
    """The human-readable reason in an error's body, whose form differs between servers; empty if there is none."""
    if isinstance(body, str):
        return _plain(body)
    if depth > DEEPEST_REPLY:
        return ""
    if isinstance(body, list):
        return "; ".join(filter(None, (reason(item, depth + 1) for item in body)))
    if isinstance(body, dict):
        words = next(filter(None, (reason(body.get(name), depth + 1) for name in REASONS)), "")
        place = ".".join(map(str, body["loc"])) if isinstance(body.get("loc"), list) else ""
        return f"{place}: {words}" if place and words else words
    return ""


def _plain(text: str) -> str:
    """The text without surrounding spaces; of an HTML page, its text without tags."""
    text = text.strip()
    return html.unescape(HTML_TAG.sub(" ", text)).strip() if text.startswith("<") else text
