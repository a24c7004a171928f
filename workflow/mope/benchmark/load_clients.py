"""Clients of a chat server for Locust: each streams one answer after the other.

Locust runs this file; `LOAD_SETTINGS` in the environment is JSON: the models to ask, the prompts, `max_tokens`, the
temperature, and the folder of the tokenizer by which all servers' answers are counted. What Locust is told of as
requests: the "start" of a client, and of every answer its "first token" and the whole "answer", whose length is its
tokens.
"""

import http.client
import itertools
import json
import os
import random
import time
from urllib.parse import urlsplit

from locust import User, constant, task
from tokenizers import Tokenizer

SETTINGS = json.loads(os.environ["LOAD_SETTINGS"])
TOKENIZER = Tokenizer.from_file(f"{SETTINGS['tokenizer']}/tokenizer.json")
NUMBERS = itertools.count()


class StreamingClient(User):
    """Asks the next question as soon as an answer is whole; question, model and seed follow from its number."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """Seed this client's draws and report its start: Locust itself only counts from the first answer on."""
        self.draws = random.Random(next(NUMBERS))
        self.report("start", 0.0, 0, None)

    @task
    def ask(self) -> None:
        """One question and its answer."""
        began, first, text, error = time.perf_counter(), None, "", None
        try:
            for piece in self.stream():
                first = first or time.perf_counter()
                text += piece
        except (OSError, http.client.HTTPException, ValueError, KeyError) as failure:
            error = failure
        ended = time.perf_counter()
        tokens = len(TOKENIZER.encode(text, add_special_tokens=False).ids)
        if first is not None:
            self.report("first token", first - began, 0, None)
        self.report("answer", ended - began, tokens, error)

    def stream(self):
        """The pieces of an answer as they come; `ValueError` for another answer than a stream."""
        body = {
            "model": self.draws.choice(SETTINGS["models"]),
            "messages": [{"role": "user", "content": self.draws.choice(SETTINGS["prompts"])}],
            "max_tokens": SETTINGS["max_tokens"],
            "temperature": SETTINGS["temperature"],
            "seed": self.draws.randrange(2**31),
            "stream": True,
        }
        address = urlsplit(self.host)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=600)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            response = connection.getresponse()
            if response.status != 200:
                raise ValueError(f"status {response.status}: {response.read(500)!r}")
            for line in iter(response.readline, b""):
                if not line.startswith(b"data: ") or line.strip() == b"data: [DONE]":
                    continue
                event = json.loads(line.removeprefix(b"data: "))
                if "error" in event:
                    raise ValueError(str(event["error"])[:500])
                for choice in event["choices"]:
                    if choice["delta"].get("content"):
                        yield choice["delta"]["content"]
        finally:
            connection.close()

    def report(self, name: str, seconds: float, length: int, error: Exception | None) -> None:
        """Hand one measurement to Locust, which wants milliseconds."""
        self.environment.events.request.fire(
            request_type="chat",
            name=name,
            response_time=1000 * seconds,
            response_length=length,
            exception=error,
            context={},
        )
