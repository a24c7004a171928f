"""Expert pool (d): black-box experts behind OpenAI-compatible completions endpoints that report log-probabilities."""

import math
import threading
from collections.abc import Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import openai
import tenacity
import torch

from mope.decoding.pool import ExpertPool
from mope.errors import MopeError
from mope.runtime.retry import Interrupted, patiently
from mope.runtime.secret import shown
from mope.runtime.server import MalformedError, answer_of, error_line, reason

LARGEST = 1e30  # of log-probabilities; far more than any server reports, and within the range of float32


@dataclass(frozen=True)
class Endpoint:
    """One expert: the server's address up to and including "/v1", the model's name there, and a key if it wants one.

    `extra` are further parameters of each call that a server of its kind knows.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    extra: Mapping = field(default_factory=dict)


class RemotePool(ExpertPool):
    """Experts {name: Endpoint}, whose servers share the Hugging Face `tokenizer`.

    Every step asks for one token with `top_k` log-probabilities per row, sending the text as token ids (as vLLM, TGI
    and llama.cpp accept it). Nothing is cached here; a server may cache prefixes. The distribution is that of the
    `top_k` most probable of the reported tokens, renormalised; all others have no mass. Servers may report a token raw
    ("Ġthe"), decoded (" the"), or as vLLM's "token_id:7".
    """

    waits = False

    def __init__(
        self,
        experts: Mapping[str, Endpoint],
        tokenizer,
        top_k: int = 20,
        parallel: int = 16,
        retries: int = 4,
        timeout: float = 60.0,
        pause: float = 0.5,
    ):
        """`retries` further tries with doubling pauses; `pause` and `timeout` in seconds; `parallel` calls at once."""
        self.names, self.endpoints = tuple(experts), list(experts.values())
        self.vocab_size, self.device = len(tokenizer), torch.device("cpu")
        self.top_k, self.retries, self.timeout, self.pause = top_k, retries, timeout, pause
        self.clients = [self._client(endpoint) for endpoint in self.endpoints]
        self.ids = token_ids(tokenizer)
        self.threads = ThreadPoolExecutor(parallel)

    def __enter__(self) -> "RemotePool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Wait for calls under way to end, then close all connections; also done at the end of a `with` block."""
        self.threads.shutdown(cancel_futures=True)
        for client in self.clients:
            client.close()

    def prefill(self, prompts: list[list[int]], experts: list[int]) -> tuple[list, torch.Tensor]:
        state = [(expert, list(prompt)) for prompt, expert in zip(prompts, experts, strict=True)]
        return state, self._ask(state)

    def step(self, state: list, tokens: torch.Tensor) -> torch.Tensor:
        for (_, text), token in zip(state, tokens.tolist(), strict=True):
            text.append(token)
        return self._ask(state)

    def keep(self, state: list, rows: torch.Tensor) -> None:
        state[:] = [state[row] for row in rows.tolist()]

    def _client(self, endpoint: Endpoint) -> openai.OpenAI:
        key = endpoint.key or "none"  # a placeholder, which is not sent
        return openai.OpenAI(api_key=key, base_url=endpoint.url, timeout=self.timeout, max_retries=0)

    def _ask(self, state: list) -> torch.Tensor:
        """Log-probabilities (R, V) of each row's next token; raises the error of a call that failed."""
        stop = threading.Event()
        calls = [self.threads.submit(self._row, *row, stop) for row in state]
        try:
            ended = wait(calls, return_when=FIRST_EXCEPTION).done
        finally:
            stop.set()  # after an error or an interruption: the other rows wait no longer
        error = next((e for call in ended if (e := call.exception()) and not isinstance(e, Interrupted)), None)
        if error:
            raise error
        return torch.stack([call.result() for call in calls]).log_softmax(dim=-1)

    def _row(self, expert: int, text: list[int], stop: threading.Event) -> torch.Tensor:
        """Log-probabilities (V,) float32 as reported for one row, -inf elsewhere; `MopeError` for an unusable reply."""
        endpoint, who = self.endpoints[expert], f"expert {self.names[expert]} at {self.endpoints[expert].url}"
        reply = self._post(expert, text, who, stop)
        try:
            top = reply["choices"][0]["logprobs"]["top_logprobs"][0].items()
        except (KeyError, IndexError, TypeError, AttributeError):
            found = shown(reason(reply) or ", ".join(reply), endpoint.key)
            raise MopeError(
                f"{who}: no top_logprobs in the reply ({found}); a completions server that reports log-probabilities "
                "is needed"
            ) from None
        row = torch.full((self.vocab_size,), float("-inf"))
        for token, logprob in top:
            if "\ufffd" in token:  # part of a character, decoded: many tokens look like this; its mass is lost
                continue
            name = shown(repr(token), endpoint.key)
            if token not in self.ids:
                raise MopeError(f"{who}: token {name} is not in the tokenizer; all experts must share one tokenizer")
            if not _log_probability(logprob):
                found = (
                    shown(str(logprob), endpoint.key) if isinstance(logprob, str | float) else type(logprob).__name__
                )
                raise MopeError(
                    f"{who}: {found} found as the log-probability of token {name}; "
                    f"a number up to {LARGEST:g} is expected"
                )
            row[self.ids[token]] = logprob
        if len(top) > self.top_k:  # a server also reports the token that it drew, which is random
            reported = sorted((logprob for _, logprob in top if _log_probability(logprob)), reverse=True)
            row[row < torch.tensor(reported[: self.top_k][-1])] = float("-inf")
        if row.isneginf().all():
            raise MopeError(
                f"{who}: no token could be read from {shown(str([token for token, _ in top]), endpoint.key)}; "
                "tokens of the tokenizer are expected"
            )
        return row

    def _post(self, expert: int, text: list[int], who: str, stop: threading.Event) -> dict:
        """The server's reply (parsed JSON) to a request for the next token; `MopeError` once all tries have failed."""
        endpoint, tries = self.endpoints[expert], 0
        create = self.clients[expert].completions.with_streaming_response.create
        asked = {"model": endpoint.model, "prompt": text, "max_tokens": 1, "temperature": 1.0, "logprobs": self.top_k}
        more = {
            "extra_headers": {} if endpoint.key else {"Authorization": openai.Omit()},
            "extra_body": dict(endpoint.extra),
        }

        def call() -> dict:
            nonlocal tries
            tries += 1
            return answer_of(lambda: create(**asked, **more), self.timeout)

        backoff = tenacity.wait_exponential(multiplier=self.pause)
        try:
            return patiently(call, self.retries + 1, stop, backoff)()
        except (openai.OpenAIError, MalformedError) as error:
            raise MopeError(f"{who}: {error_line(error, endpoint.key)} (after {tries} tries)") from None


def _log_probability(value: object) -> bool:
    """Whether a server's value is a number that can be a log-probability; -inf can."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and (value == -math.inf or -LARGEST <= value <= LARGEST)


def token_ids(tokenizer) -> dict[str, int]:
    """Token texts to ids: raw tokens, "token_id:N", and decoded texts where only one token decodes to them."""
    raw = tokenizer.get_vocab()
    decoded: dict[str, list[int]] = {}
    for token_id in raw.values():
        decoded.setdefault(tokenizer.decode([token_id]), []).append(token_id)
    unique = {text: ids[0] for text, ids in decoded.items() if len(ids) == 1}
    return unique | {f"token_id:{token_id}": token_id for token_id in raw.values()} | raw
