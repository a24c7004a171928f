"""Waiting between attempts: as long as the server wishes, within reason, and no longer than somebody wants to wait."""

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest

from mope.runtime.retry import LONGEST_WAIT, Interrupted, patiently, retry_after, temporary
from mope.runtime.server import MalformedError


def error_with(value):
    error = MalformedError("x")
    error.response = SimpleNamespace(headers={} if value is None else {"retry-after": value})
    return error


@pytest.mark.parametrize(
    "value,seconds",
    [
        ("7", 7), ("0.5", 0.5), ("-3", 0), ("inf", LONGEST_WAIT), ("-inf", 0), ("nan", None), ("1e300", LONGEST_WAIT),
        ("3600", LONGEST_WAIT), ("soon", None), ("", None), (None, None), ("Wed, 99 Foo 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Wed, 21 Oct 2015 07:28:00 -0000", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT), ("\x00", None), ("9" * 5000, LONGEST_WAIT),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_what_retry_after_asks_for(value, seconds):
    assert retry_after(error_with(value)) == seconds


def test_a_date_in_retry_after():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 27 < retry_after(error_with(soon)) <= 30


def test_a_stop_ends_the_waiting_at_once():
    stop = threading.Event()
    calls = []

    def call():
        calls.append(time.monotonic())
        raise error_with("3600")

    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        patiently(call, 5, stop, lambda state: 0.01)()
    assert len(calls) == 1 and 0.15 < time.monotonic() - began < 60


def test_attempts_and_what_is_told_of_the_waiting():
    told, calls = [], []

    def call():
        calls.append(1)
        raise error_with("0.02")

    with pytest.raises(MalformedError):
        patiently(call, 3, threading.Event(), lambda state: 0.01, lambda seconds, error: told.append(seconds))()
    assert len(calls) == 3 and told == [0.02, 0.02]


def test_a_quota_that_is_used_up_does_not_pass():
    error = MalformedError("You exceeded your current quota")
    assert temporary(error)
    error.code = "insufficient_quota"
    assert not temporary(error)
