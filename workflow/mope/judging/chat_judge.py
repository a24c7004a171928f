"""An LLM as the judge, through any server that speaks OpenAI's chat completions.

A long, paid job: every answer is kept before the next step, nothing is asked twice, and it stops cleanly at its budget.
The key comes from the environment only; it is taken out of every text before that is kept or shown.
"""

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletion
from tqdm import tqdm

from mope.errors import MopeError
from mope.judging.answer_cache import AnswerCache, key_of
from mope.judging.retry import MalformedError, patiently
from mope.judging.templates import Templates, judge_messages, parse
from mope.judging.verdicts import Comparison, Opinion
from mope.runtime.secret import read_key, scrub

LOOPBACK = ("localhost", "127.0.0.1", "::1")
CHARACTERS_PER_TOKEN = 3.5  # of English text, rounded down so that estimates are on the safe side
TOKENS_PER_MESSAGE = 6
ANSWER_TOKENS = 5


@dataclass(frozen=True)
class ChatJudgeSettings:
    """A judge of kind chat in the section `judges`. Prices are per million tokens, in one currency."""

    base_url: str
    model: str
    key_variable: str  # environment variable that holds the key
    temperature: float
    seed: int
    max_tokens: int  # of an answer
    max_characters: int  # of each text shown to the judge
    price_input: float
    price_output: float
    budget: float
    concurrency: int
    timeout: float  # seconds per call
    attempts: int  # per call


@dataclass(frozen=True)
class Estimate:
    """What is still to be asked and what it will cost."""

    comparisons: int
    calls: int
    tokens: int
    cost: float
    spent: float  # by the answers already kept

    def __str__(self) -> str:
        return (
            f"{self.comparisons} comparisons, {self.calls} calls to make, about {self.tokens} tokens, "
            f"about {self.cost:.2f} to pay, {self.spent:.2f} spent before"
        )


def key_for(base_url: str, variable: str) -> str:
    """The key from the environment; a server on this machine may do without."""
    key = read_key(variable)
    if key or urlsplit(base_url).hostname in LOOPBACK:
        return key or "none"
    raise MopeError(f"{variable}: not set; the chat judge at {base_url} needs its key in the environment")


class ChatJudge:
    """Judges by chat completions, with a cache of answers; `name` is the one in the configuration."""

    def __init__(self, settings: ChatJudgeSettings, templates: Templates, cache: AnswerCache, name: str):
        self.settings, self.templates, self.cache, self.name = settings, templates, cache, name
        self._lock = threading.Lock()
        self._charged: set[str] = set()  # keys of the answers that this evaluation uses
        self.spent = 0.0  # what they cost, bought now or earlier

    def request(self, comparison: Comparison) -> dict:
        """The body of one call; the same body always means the same answer."""
        s = self.settings
        return {
            "model": s.model,
            "messages": judge_messages(self.templates, comparison, s.max_characters),
            "temperature": s.temperature,
            "seed": s.seed,
            "max_tokens": s.max_tokens,
        }

    def key(self, request: dict) -> str:
        """Where the answer to a request is kept."""
        return key_of({"base_url": self.settings.base_url, **request})

    def open_requests(self, comparisons: Sequence[Comparison]) -> dict[str, dict]:
        """Requests without an answer yet, by key; each once, however often it is needed."""
        found: dict[str, dict] = {}
        for comparison in comparisons:
            request = self.request(comparison)
            key = self.key(request)
            if key in self._charged or key in found:
                continue
            record = self.cache.get(key)
            if record is None:
                found[key] = request
            else:
                self._charge(key, record)
        return found

    def estimate(self, comparisons: Sequence[Comparison]) -> Estimate:
        """What judging `comparisons` still takes."""
        requests = self.open_requests(comparisons)
        tokens = sum(map(_tokens, requests.values()))
        cost = sum(map(self._expected, requests.values()))
        return Estimate(len(comparisons), len(requests), tokens, cost, self.spent)

    def judge(self, comparisons: Sequence[Comparison]) -> list[Opinion]:
        """One opinion per comparison; answers that are not kept yet are bought, up to the budget."""
        requests = self.open_requests(comparisons)
        if requests:
            self._buy(requests)
        return self.kept(comparisons)

    def kept(self, comparisons: Sequence[Comparison]) -> list[Opinion]:
        """Opinions from the cache alone."""
        opinions = []
        for comparison in comparisons:
            record = self.cache.get(self.key(self.request(comparison)))
            if record is None:
                raise MopeError(f"judge {self.name}: answers are missing from the cache; collect all batch files first")
            opinions.append(Opinion(parse(record["text"]), record["text"]))
        return opinions

    def _charge(self, key: str, record: dict) -> None:
        s = self.settings
        cost = (record["prompt_tokens"] * s.price_input + record["completion_tokens"] * s.price_output) / 1e6
        with self._lock:
            if key not in self._charged:
                self._charged.add(key)
                self.spent += cost

    def _expected(self, request: dict) -> float:
        s = self.settings
        return (_tokens(request) * s.price_input + min(ANSWER_TOKENS, s.max_tokens) * s.price_output) / 1e6

    def _buy(self, requests: dict[str, dict]) -> None:
        secret = key_for(self.settings.base_url, self.settings.key_variable)
        client = openai.OpenAI(
            api_key=secret, base_url=self.settings.base_url, timeout=self.settings.timeout, max_retries=0
        )
        ask = patiently(lambda request: _complete(client, request), self.settings.attempts)

        def answer(key: str, request: dict) -> None:
            record = question_record(ask(request), secret, _tokens(request))
            self.cache.put(key, record)
            self._charge(key, record)

        with client:
            try:
                self._run(answer, requests)
            except KeyboardInterrupt:
                raise MopeError(
                    f"judge {self.name}: stopped; the answers so far are kept, run the stage again to go on"
                ) from None
            except openai.AuthenticationError:
                s = self.settings
                raise MopeError(f"judge {self.name}: {s.base_url} refused the key in {s.key_variable} (401)") from None
            except (openai.OpenAIError, MalformedError) as error:
                said = scrub(" ".join(str(error).split())[:200], secret)
                raise MopeError(
                    f"judge {self.name}: {self.settings.base_url}: {type(error).__name__}: {said}; "
                    "the answers so far are kept, run the stage again to go on"
                ) from None

    def _run(self, answer: Callable[[str, dict], None], requests: dict[str, dict]) -> None:
        """Call `answer` for every request, a bounded number at a time; after an error finish what is under way."""
        waiting, flying, error = list(requests.items())[::-1], {}, None
        out_of_budget = False
        with ThreadPoolExecutor(self.settings.concurrency) as pool, tqdm(total=len(requests), unit="call") as bar:
            while flying or (waiting and not error and not out_of_budget):
                while waiting and len(flying) < self.settings.concurrency and not error:
                    key, request = waiting[-1]
                    expected = self._expected(request)
                    out_of_budget = self.spent + sum(flying.values()) + expected > self.settings.budget
                    if out_of_budget:
                        break
                    waiting.pop()
                    flying[pool.submit(answer, key, request)] = expected
                error = self._land(flying, bar) or error
        if error:
            raise error
        if waiting:
            raise MopeError(
                f"judges.{self.name}.budget: {self.settings.budget:g} would be exceeded after {self.spent:.4g}; "
                f"{len(waiting)} calls are left; the answers so far are kept, raise the budget and run the stage again"
            )

    @staticmethod
    def _land(flying: dict[Future, float], bar: tqdm) -> BaseException | None:
        """Wait for a call to end; the first error among the ended ones."""
        done = wait(flying, return_when=FIRST_COMPLETED).done if flying else set()
        for future in done:
            del flying[future]
        bar.update(len(done))
        return next((e for future in done if (e := future.exception())), None)


def question_record(completion: ChatCompletion, secret: str = "", prompt_tokens: int = 0) -> dict:
    """What is kept of a completion; `prompt_tokens` is the guess for a server that does not count."""
    text, usage = completion.choices[0].message.content or "", completion.usage
    return {
        "text": scrub(text, secret),
        "prompt_tokens": usage.prompt_tokens if usage else prompt_tokens,
        "completion_tokens": usage.completion_tokens if usage else ANSWER_TOKENS,
    }


def _complete(client: openai.OpenAI, request: dict) -> ChatCompletion:
    try:
        completion = client.chat.completions.create(**request)
    except json.JSONDecodeError:
        raise MalformedError("the answer is no JSON") from None
    if not getattr(completion, "choices", None) or completion.choices[0].message is None:
        raise MalformedError("the answer is no chat completion")
    return completion


def _tokens(request: dict) -> int:
    return sum(TOKENS_PER_MESSAGE + int(len(m["content"]) / CHARACTERS_PER_TOKEN) for m in request["messages"])
