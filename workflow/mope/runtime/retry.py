"""Repeats calls to a server after temporary failures, no sooner than it asks for; a stop ends the waiting at once."""

import math
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai
import tenacity

from mope.runtime.server import MalformedError

TIMEOUT_STATUS = 408
LONGEST_WAIT = 600.0  # seconds between two attempts, whatever the server asks for
QUOTA = "insufficient_quota"  # the code of a status 429 that waiting does not cure


class Interrupted(Exception):  # noqa: N818 (it is no error)
    """A stop was requested while a call was waiting for its next attempt."""


def temporary(error: BaseException) -> bool:
    """Whether repeating a call may help: after rate limits, timeouts, lost connections, server errors, bad replies."""
    kinds = (
        openai.RateLimitError,
        openai.APIConnectionError,  # timeouts among them
        openai.InternalServerError,
        openai.ConflictError,
        MalformedError,
    )
    if QUOTA in (getattr(error, "code", None), getattr(error, "type", None)):
        return False
    return isinstance(error, kinds) or getattr(error, "status_code", None) == TIMEOUT_STATUS


def retry_after(error: BaseException | None) -> float | None:
    """Seconds in the error's header Retry-After (number or date), limited to [0, LONGEST_WAIT]; None without one."""
    response = getattr(error, "response", None)
    value = response.headers.get("retry-after") if response is not None else None
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            when = parsedate_to_datetime(value)
            seconds = (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return None if math.isnan(seconds) else min(max(0.0, seconds), LONGEST_WAIT)


BACKOFF = tenacity.wait_random_exponential(multiplier=0.5, max=60)


def patiently(
    call: Callable,
    attempts: int,
    stop: threading.Event,
    backoff: Callable[[tenacity.RetryCallState], float] | None = None,
    waits: Callable[[float, BaseException], None] = lambda seconds, error: None,
) -> Callable:
    """`call`, repeated while its errors are `temporary`, up to `attempts` calls in all; then the last error is raised.

    Between attempts it waits for the longer of the server's Retry-After and `backoff` (None: `BACKOFF`), both in
    seconds, and first calls `waits(seconds, error)`. Raises `Interrupted` as soon as `stop` is set.
    """

    def seconds(state: tenacity.RetryCallState) -> float:
        return max(retry_after(state.outcome.exception()) or 0.0, (backoff or BACKOFF)(state))

    def nap(seconds: float) -> None:
        if stop.wait(seconds):
            raise Interrupted

    return tenacity.retry(
        retry=tenacity.retry_if_exception(temporary),
        wait=seconds,
        stop=tenacity.stop_after_attempt(attempts),
        before_sleep=lambda state: waits(state.next_action.sleep, state.outcome.exception()),
        sleep=nap,
        reraise=True,
    )(call)
