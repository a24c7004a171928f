"""An LLM as the judge, through any server that speaks OpenAI's chat completions.

A long, paid job: every answer is kept before the next step, nothing is asked twice, and it stops cleanly at its budget.
The key comes from the environment only; it is taken out of every text before that is kept or shown.
"""

import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import openai
from tqdm import tqdm

from mope.errors import MopeError
from mope.judging.answer_cache import AnswerCache, key_of
from mope.judging.asking import Asker
from mope.judging.body import body_of
from mope.judging.kinds.chat_settings import ChatJudgeSettings
from mope.judging.preflight import local
from mope.judging.reply import ANSWER_TOKENS, CHARACTERS_PER_TOKEN, answered
from mope.judging.templates import Templates, judge_messages, parse
from mope.judging.verdicts import Comparison, Opinion
from mope.runtime.secret import read_key
from mope.runtime.server import MalformedError, error_line

TOKENS_PER_MESSAGE = 6
GO_ON = "the answers so far are kept, run the stage again to go on"


@dataclass(frozen=True)
class Estimate:
    """What is still to be asked and what it will cost."""

    comparisons: int
    calls: int
    tokens: int
    cost: float
    spent: float  # by the answers already kept
    priced: bool = True  # whether the configuration tells what tokens cost

    def __str__(self) -> str:
        paid = f"about {self.cost:.2f} to pay, {self.spent:.2f} spent before"
        unknown = "at an unknown cost, which no budget bounds: price_input and price_output are 0"
        calls = f"{self.comparisons} comparisons, {self.calls} calls to make, about {self.tokens} tokens"
        return f"{calls}, {paid if self.priced else unknown}"


def key_for(base_url: str, variable: str) -> str:
    """The key from the environment; a server on this machine may do without.

    `MopeError` where another one needs a key and none is set.
    """
    key = read_key(variable)
    if key or local(base_url):
        return key or "none"
    raise MopeError(f"{variable}: not set; the chat judge at {base_url} needs its key in the environment")


class ChatJudge:
    """Judges by chat completions, with a cache of answers; `name` is the one in the configuration.

    A refusal or an empty answer gives no verdict; the next run asks again.
    """

    def __init__(self, settings: ChatJudgeSettings, templates: Templates, cache: AnswerCache, name: str):
        self.settings, self.templates, self.cache, self.name = settings, templates, cache, name
        self._lock = threading.Lock()
        self._charged: dict[str, float] = {}  # what the answers that this evaluation uses cost, by key
        self._settled: set[str] = set()  # keys of the answers that are not asked for again
        self._dearest = 0.0  # cost of the most expensive call so far
        self.spent = 0.0  # what the answers cost, bought now or earlier
        self.changes: set[str] = set()  # parameters changed because a server refused them as configured

    def request(self, comparison: Comparison) -> dict:
        """The body of one call; the same body always means the same answer."""
        return body_of(self.settings, judge_messages(self.templates, comparison, self.settings.max_characters))

    def key(self, request: dict) -> str:
        """The key of a request's answer in the cache."""
        return key_of({"base_url": self.settings.base_url, **request})

    def open_requests(self, comparisons: Sequence[Comparison]) -> dict[str, dict]:
        """Requests without an answer yet, by key; each once, however often it is needed."""
        found: dict[str, dict] = {}
        for comparison in comparisons:
            request = self.request(comparison)
            key = self.key(request)
            if key in self._settled or key in found:
                continue
            record = self.cache.get(key)
            if record is not None:
                self._charge(key, record, request)
            if record is None or not answered(record):
                found[key] = request
            else:
                self._settled.add(key)
        return found

    def estimate(self, comparisons: Sequence[Comparison]) -> Estimate:
        """How many calls judging `comparisons` still takes, and what they cost."""
        requests = self.open_requests(comparisons)
        tokens = sum(map(_tokens, requests.values()))
        cost = sum(map(self._expected, requests.values()))
        s = self.settings
        priced = bool(s.price_input or s.price_output) or local(s.base_url)
        return Estimate(len(comparisons), len(requests), tokens, cost, self.spent, priced)

    def judge(self, comparisons: Sequence[Comparison]) -> list[Opinion]:
        """One opinion per comparison; answers that are not kept yet are bought, up to the budget."""
        requests = self.open_requests(comparisons)
        if requests:
            self._buy(requests)
        return self.kept(comparisons)

    def kept(self, comparisons: Sequence[Comparison]) -> list[Opinion]:
        """Opinions from the cache alone; `MopeError` where one is missing."""
        opinions = []
        for comparison in comparisons:
            record = self.cache.get(self.key(self.request(comparison)))
            if record is None:
                raise MopeError(f"judge {self.name}: answers are missing from the cache; collect all batch files first")
            unanswered = Opinion("unparsed", record.get("why", record["text"]))
            opinions.append(Opinion(parse(record["text"]), record["text"]) if answered(record) else unanswered)
        return opinions

    def _charge(self, key: str, record: dict, request: dict) -> None:
        """Count what a record cost; tokens that the server has not counted are estimated."""
        counts = record.get("prompt_tokens"), record.get("completion_tokens")
        estimates = (_tokens(request), ANSWER_TOKENS)
        read, written = (own if n is None else n for n, own in zip(counts, estimates, strict=True))
        cost = self._price(read, written)
        with self._lock:
            self.spent += cost - self._charged.get(key, 0.0)
            self._charged[key] = cost
            self.changes.update(record.get("changes", ()))

    def _price(self, read: float, written: float) -> float:
        return (read * self.settings.price_input + written * self.settings.price_output) / 1e6

    def _expected(self, request: dict) -> float:
        return self._price(_tokens(request), min(ANSWER_TOKENS, self.settings.max_tokens))

    def _buy(self, requests: dict[str, dict]) -> None:
        s = self.settings
        secret = key_for(s.base_url, s.key_variable)
        stop = threading.Event()
        asker = Asker(s, secret, stop, lambda line: tqdm.write(f"judge {self.name}: {line}"))

        def answer(key: str, request: dict) -> None:
            record = asker.ask(request, _tokens(request))
            call = self._price(record["prompt_tokens"], record["completion_tokens"])
            for name in ("prompt_tokens", "completion_tokens"):  # added to those of an earlier call without an answer
                record[name] += (self.cache.get(key) or {}).get(name) or 0
            self.cache.put(key, record)
            self._charge(key, record, request)
            with self._lock:
                self._settled.add(key)
                self._dearest = max(self._dearest, call)

        with contextlib.closing(asker):
            try:
                self._run(answer, requests, stop)
            except KeyboardInterrupt:
                raise MopeError(f"judge {self.name}: stopped; {GO_ON}") from None
            except openai.AuthenticationError as error:
                refused = f"{s.base_url} refused the key in {s.key_variable} (401)"
                raise MopeError(f"judge {self.name}: {refused}: {error_line(error, secret)}") from None
            except (openai.OpenAIError, MalformedError) as error:
                what = f"{type(error).__name__}: {error_line(error, secret)}"
                raise MopeError(f"judge {self.name}: {s.base_url}: {what}; {GO_ON}") from None

    def _run(self, answer: Callable[[str, dict], None], requests: dict[str, dict], stop: threading.Event) -> None:
        """Call `answer` for every request, a bounded number at a time; after an error no new one is begun.

        Calls that are under way then are finished. `stop`, which ends all waiting for further attempts, is set by an
        error and by an interruption.
        """
        waiting, running, error = list(requests.items())[::-1], {}, None
        out_of_budget = False
        with ThreadPoolExecutor(self.settings.concurrency) as pool, tqdm(total=len(requests), unit="call") as bar:
            try:
                while running or (waiting and not error and not out_of_budget):
                    while waiting and len(running) < self.settings.concurrency and not error:
                        key, request = waiting[-1]
                        expected = max(self._expected(request), self._dearest)
                        out_of_budget = self.spent + sum(running.values()) + expected > self.settings.budget
                        if out_of_budget:
                            break
                        waiting.pop()
                        running[pool.submit(answer, key, request)] = expected
                    failed = self._take_finished(running, bar)
                    error = error or failed
                    if error:
                        stop.set()
            except KeyboardInterrupt:
                stop.set()
                if running:
                    longest = f"{self.settings.timeout:g} seconds at most"
                    tqdm.write(
                        f"judge {self.name}: {len(running)} calls are under way; what they answer is kept ({longest})"
                    )
                raise
        if error:
            raise error
        if waiting:
            raise MopeError(
                f"judges.{self.name}.budget: {self.settings.budget:g} would be exceeded after {self.spent:.4g}; "
                f"{len(waiting)} calls are left; the answers so far are kept, raise the budget and run the stage again"
            )

    @staticmethod
    def _take_finished(running: dict[Future, float], bar: tqdm) -> BaseException | None:
        """Wait until a call ends, and take the ended ones out of `running`; the first error among them."""
        done = wait(running, return_when=FIRST_COMPLETED).done if running else set()
        for future in done:
            del running[future]
        bar.update(len(done))
        return next((e for future in done if (e := future.exception())), None)


def _tokens(request: dict) -> int:
    """Our own estimate of the tokens of a prompt, from its characters."""
    texts = (
        m["content"] if isinstance(m["content"], str) else "".join(part["text"] for part in m["content"])
        for m in request["messages"]
    )
    return sum(TOKENS_PER_MESSAGE + int(len(text) / CHARACTERS_PER_TOKEN) for text in texts)
