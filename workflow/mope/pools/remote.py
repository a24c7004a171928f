"""Expert pool (c): black-box experts behind OpenAI-compatible completions endpoints that report log-probabilities."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import torch

from mope.decoding.pool import ExpertPool
from mope.errors import MopeError
from mope.runtime.secret import scrub

# Answers worth another try: overload, and failures on the way.
PASSING = {408, 409, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Endpoint:
    """One expert: the server's address up to and including "/v1", the model's name there, and a key if it wants one."""

    url: str
    model: str
    key: str | None = field(default=None, repr=False)


class RemotePool(ExpertPool):
    """Experts {name: Endpoint}, whose servers share the tokenizer `vocabulary`.

    Every step asks for one token with `top_k` log-probabilities per row, sending the text as token ids (as vLLM, TGI
    and llama.cpp accept it); the server's prefix cache is the cache. The tokens reported, renormalised, are the
    distribution; all others have no mass. `vocabulary` maps a token's text, as the server reports it, to its id: a
    Hugging Face tokenizer is accepted, with raw tokens ("Ġthe"), decoded ones (" the") and vLLM's "token_id:7" known.
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
        self.ids = token_ids(tokenizer)
        self.threads = ThreadPoolExecutor(parallel)

    def prefill(self, prompts: list[list[int]], experts: list[int]) -> tuple[list, torch.Tensor]:
        state = [(expert, list(prompt)) for prompt, expert in zip(prompts, experts, strict=True)]
        return state, self._ask(state)

    def step(self, state: list, tokens: torch.Tensor) -> torch.Tensor:
        for (_, text), token in zip(state, tokens.tolist(), strict=True):
            text.append(token)
        return self._ask(state)

    def keep(self, state: list, rows: torch.Tensor) -> None:
        state[:] = [state[row] for row in rows.tolist()]

    def _ask(self, state: list) -> torch.Tensor:
        rows = list(self.threads.map(lambda row: self._row(*row), state))
        return torch.stack(rows).log_softmax(dim=-1)

    def _row(self, expert: int, text: list[int]) -> torch.Tensor:
        """Log-probabilities (V,) as reported, -inf elsewhere."""
        endpoint = self.endpoints[expert]
        body = {"model": endpoint.model, "prompt": text, "max_tokens": 1, "temperature": 1.0, "logprobs": self.top_k}
        reply = self._post(self.names[expert], endpoint, body)
        try:
            top = reply["choices"][0]["logprobs"]["top_logprobs"][0]
        except (KeyError, IndexError, TypeError):
            raise MopeError(
                f"expert {self.names[expert]} at {endpoint.url}: no top_logprobs in the reply "
                f"{scrub(str(reply), endpoint.key)[:200]!r}; "
                "a completions server that reports log-probabilities is needed"
            ) from None
        row = torch.full((self.vocab_size,), float("-inf"))
        for token, logprob in top.items():
            if "\ufffd" in token:  # part of a character, decoded: many tokens look like this; its mass is lost
                continue
            if token not in self.ids:
                raise MopeError(
                    f"expert {self.names[expert]} at {endpoint.url}: token {token!r} is not in the tokenizer; "
                    "all experts must share one tokenizer"
                )
            row[self.ids[token]] = logprob
        if row.isneginf().all():
            raise MopeError(f"expert {self.names[expert]} at {endpoint.url}: no token could be read from {list(top)}")
        return row

    def _post(self, name: str, endpoint: Endpoint, body: dict) -> dict:
        headers = {"Content-Type": "application/json"}
        if endpoint.key:
            headers["Authorization"] = f"Bearer {endpoint.key}"
        request = urllib.request.Request(f"{endpoint.url.rstrip('/')}/completions", json.dumps(body).encode(), headers)
        for attempt in range(self.retries + 1):
            try:
                with urllib.request.urlopen(request, timeout=self.timeout) as reply:
                    return json.load(reply)
            except urllib.error.HTTPError as error:
                problem = f"status {error.code}: {scrub(error.read().decode(errors='replace'), endpoint.key)[:200]}"
                if error.code not in PASSING:
                    break
            except (urllib.error.URLError, OSError, json.JSONDecodeError) as error:
                problem = f"{type(error).__name__}: {getattr(error, 'reason', error)}"
            if attempt < self.retries:
                time.sleep(self.pause * 2**attempt)
        raise MopeError(f"expert {name} at {endpoint.url}: {problem} (after {attempt + 1} tries)")


def token_ids(tokenizer) -> dict[str, int]:
    """Token texts to ids: raw tokens, "token_id:N", and decoded texts where only one token decodes to them."""
    raw = tokenizer.get_vocab()
    decoded: dict[str, list[int]] = {}
    for token_id in raw.values():
        decoded.setdefault(tokenizer.decode([token_id]), []).append(token_id)
    unique = {text: ids[0] for text, ids in decoded.items() if len(ids) == 1}
    return unique | {f"token_id:{token_id}": token_id for token_id in raw.values()} | raw
