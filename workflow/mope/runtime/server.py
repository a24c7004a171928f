"""One call to a server that speaks OpenAI's protocol: its answer as JSON, or its own reason for giving none."""

import html
import json
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import openai

from mope.runtime.secret import shown

MOST_BYTES = 4 * 1024**2  # of an answer, unpacked
DEEPEST_REPLY = 5  # levels of an error's JSON in which a reason is looked for
REASONS = ("message", "msg", "error", "detail", "details", "errors", "reason", "title")
HTML_TAG = re.compile(r"<[^<>]*>")


class MalformedError(Exception):
    """The server's answer is not what the protocol promises."""


def answer_of(call: Callable[[], AbstractContextManager], timeout: float) -> dict:
    """The JSON object that a call of `with_streaming_response` brings within `timeout` seconds.

    Raises `MalformedError` for what is no JSON object, `openai.OpenAIError` where the server or the way to it fails.
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
    except Exception as error:  # what the HTTP library meets while it reads an answer reaches us in many types
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


def said(error: Exception, key: str | None) -> str:
    """What went wrong, in the server's own words where there are any; one line without the key."""
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
    """The words for people in an error's body, which every server shapes in its own way; empty if there are none."""
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
    """The text; of a page its words."""
    text = text.strip()
    return html.unescape(HTML_TAG.sub(" ", text)).strip() if text.startswith("<") else text
