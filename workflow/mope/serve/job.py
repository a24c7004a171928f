"""One answer under way in the server: what is asked, and the functions that are called with each token."""

import traceback
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mope.decoding.mixers.mixer import Mixer
from mope.decoding.request import Request
from mope.decoding.sampling import Ngrams, Sampling, uniforms
from mope.decoding.step_controller import StepController
from mope.pools.adapters import AdapterPool


@dataclass(frozen=True)
class ServedToken:
    """A token y_t with what is known of it.

    `alphas` and `expert_logprobs` are the mixer's weights α, equal ones where none were given, and log p_i(y_t) of the
    request's k experts. `logprob` is log π(y_t) of the mixture before temperature, truncation and bans; `top` has
    (token, log π) of the most probable tokens, as many as were asked for.
    """

    token: int
    alphas: list[float]
    expert_logprobs: list[float]
    logprob: float
    top: list[tuple[int, float]]


@dataclass(eq=False)
class Job:
    """A request in `pool`, mixed by `mixer` and by a controller where there is one.

    `emphasis`, one positive factor per expert, multiplies the controller's α, which is then normalised again.
    `on_token` is called with each token and the reason why the answer ends with it ("stop" | "length", else None); it
    returns whether the answer is to go on. `on_error` is called once if decoding fails. Both are called in the decoding
    thread. Any thread may set `cancelled`, as `Scheduler.leave` does.
    """

    pool: AdapterPool
    request: Request
    mixer: Mixer
    sampling: Sampling
    on_token: Callable[[ServedToken, str | None], bool]
    on_error: Callable[[Exception], None]
    controller: StepController | None = None
    emphasis: Sequence[float] | None = None
    top: int = 0
    cancelled: bool = False
    tokens: list[int] = field(default_factory=list)
    uniform: np.ndarray = field(init=False)
    ngrams: Ngrams | None = field(init=False)

    def __post_init__(self) -> None:
        self.uniform = uniforms(self.request.seed, self.request.max_new_tokens)
        size = self.sampling.no_repeat_ngram
        self.ngrams = Ngrams(size, list(self.request.prompts)) if size else None

    def banned(self, ends: Sequence[int]) -> list[int]:
        """The tokens that may not come next."""
        early = ends if len(self.tokens) < self.request.min_new_tokens else []
        return [*early, *(self.ngrams.banned() if self.ngrams else [])]

    def accept(self, found: ServedToken, ends: Sequence[int]) -> bool:
        """Append a token and pass it to `on_token`; returns whether the answer goes on."""
        self.tokens.append(found.token)
        if self.ngrams:
            self.ngrams.append(found.token)
        reason = "stop" if found.token in ends else None
        if reason is None and len(self.tokens) == self.request.max_new_tokens:
            reason = "length"
        return self.on_token(found, reason) and reason is None


def fail_jobs(jobs: Sequence[Job], error: Exception) -> None:
    """Print the error and tell it to every job whose answer it ends; the server goes on."""
    traceback.print_exception(error)
    for job in jobs:
        job.on_error(error)


def grouped(jobs: list[Job], key) -> dict:
    """Jobs by `key(job)`, in their order."""
    groups = defaultdict(list)
    for job in jobs:
        groups[key(job)].append(job)
    return dict(groups)
