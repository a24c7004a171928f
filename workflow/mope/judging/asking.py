"""Sends a judge's questions to its server, with retries, and with the parameters that the server accepts."""

import threading
from collections.abc import Callable

import openai

from mope.judging.body import change_for_refusal, changed
from mope.judging.kinds.chat_settings import ChatJudgeSettings
from mope.judging.reply import record_of
from mope.runtime.retry import patiently
from mope.runtime.server import answer_of, error_line

TOLD_FROM = 10.0  # seconds; a longer wait is reported


class Asker:
    """Calls a chat-completions server, safe for threads; a change that a refusal asks for is made in all later calls.

    `tell` is given a line for each such change and for each long wait; setting `stop` ends all waiting.
    """

    def __init__(self, settings: ChatJudgeSettings, secret: str, stop: threading.Event, tell: Callable[[str], None]):
        self.settings, self._secret, self._tell = settings, secret, tell
        self._client = openai.OpenAI(
            api_key=secret, base_url=settings.base_url, timeout=settings.timeout, max_retries=0
        )
        self._changes: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self._patiently = patiently(self._call, settings.attempts, stop, waits=self._waits)

    def ask(self, body: dict, tokens: int) -> dict:
        """The record of the server's answer to `body` of about `tokens` tokens; `Interrupted` after a stop.

        Its `changes` name the parameters of `body` that were changed because the server had refused them.
        """
        while True:
            changes = self._changes
            sent = changed(body, changes)
            try:
                record = self._patiently(sent, tokens)
                return record | {"changes": sorted(changes)} if changes else record
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if not self._learn(sent, changes, error):
                    raise

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _call(self, body: dict, tokens: int) -> dict:
        """One call without a second attempt: the record of the answer (`mope.judging.reply.record_of`)."""
        create = self._client.chat.completions.with_streaming_response.create
        call = {"model": body["model"], "messages": body["messages"], "extra_body": body}
        return record_of(answer_of(lambda: create(**call), self.settings.timeout), tokens, self._secret)

    def _learn(self, sent: dict, changes: frozenset[str], error: openai.APIStatusError) -> bool:
        """Notes the change that a refusal asks for; True if a change, by this or another call, allows another try."""
        with self._lock:
            if self._changes != changes:
                return True
            change = change_for_refusal(sent, error.body, changes)
            if change:
                self._changes = changes | {change}
                self._tell(f"{self.settings.base_url} refused a parameter; from now on: {change}")
            return change is not None

    def _waits(self, seconds: float, error: BaseException) -> None:
        if seconds >= TOLD_FROM:
            self._tell(f"waiting {seconds:.0f} seconds: {type(error).__name__}: {error_line(error, self._secret)}")
