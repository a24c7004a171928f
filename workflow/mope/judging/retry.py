"""Asking again after passing troubles of a server, no sooner than it wishes."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai
import tenacity

TIMEOUT_STATUS = 408


class MalformedError(Exception):
    """The server's answer is not what the protocol promises."""


def passing(error: BaseException) -> bool:
    """Whether asking again may help: limits, timeouts, lost connections, server faults, broken answers."""
    kinds = (
        openai.RateLimitError,
        openai.APIConnectionError,  # timeouts among them
        openai.InternalServerError,
        openai.ConflictError,
        openai.APIResponseValidationError,
        MalformedError,
    )
    return isinstance(error, kinds) or getattr(error, "status_code", None) == TIMEOUT_STATUS


def retry_after(error: BaseException | None) -> float | None:
    """Seconds asked for by the header Retry-After (a number or a date), if there is one."""
    response = getattr(error, "response", None)
    value = response.headers.get("retry-after") if response is not None else None
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


BACKOFF = tenacity.wait_random_exponential(multiplier=0.5, max=60)


def _wait(state: tenacity.RetryCallState) -> float:
    """What the server asked for, else an exponential backoff with jitter."""
    asked = retry_after(state.outcome.exception())
    return BACKOFF(state) if asked is None else asked


def patiently(call: Callable, attempts: int, sleep: Callable[[float], None] = time.sleep) -> Callable:
    """`call`, repeated up to `attempts` times in all while its errors are `passing`; then the last error."""
    return tenacity.retry(
        retry=tenacity.retry_if_exception(passing),
        wait=_wait,
        stop=tenacity.stop_after_attempt(attempts),
        sleep=sleep,
        reraise=True,
    )(call)
