"""What goes into the decode loop and what comes out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from mope.errors import MopeError


@dataclass(frozen=True)
class Request:
    """One text to write. `prompts[j]` is what expert `experts[j]` reads: token ids, each expert's own or all the same.

    `controller_ids` is what the controller reads. `weights`, one per expert, are used without a controller; None
    leaves them to the mixer. The answer depends on the request alone, not on what else is in the batch.
    """

    experts: Sequence[int]
    prompts: Sequence[list[int]]
    controller_ids: list[int] | None = None
    weights: Sequence[float] | None = None
    max_new_tokens: int = 64
    min_new_tokens: int = 0
    seed: int = 0


@dataclass
class Answer:
    """T tokens, the closing end-of-text token included when finish_reason is "stop" ("length" otherwise).

    `alphas` (T, n) float32 are the weights of all n experts of the pool, 0 where an expert takes no part; None when
    neither a controller nor the request gave any. Recorded on demand: `expert_logprobs` (T, k) log p_i(y_t) at the
    experts' temperature, in the order of the request's experts, `logprob` (T,) log π(y_t) of their mixture before its
    own temperature, truncation and bans, and `other_logprobs` (T, m, k) log p_i of the m tokens other than y_t that are
    most probable under the mixture.
    """

    tokens: list[int] = field(default_factory=list)
    finish_reason: str = "length"
    alphas: torch.Tensor | None = None
    logprob: torch.Tensor | None = None
    expert_logprobs: torch.Tensor | None = None
    other_logprobs: torch.Tensor | None = None


@dataclass(frozen=True)
class Token:
    """One streamed token: the number of its request, α (n,) or None, and log p_i(y_t) (k,) of the request's experts."""

    request: int
    token: int
    alphas: torch.Tensor | None
    expert_logprobs: torch.Tensor


def check_request(number: int, request: Request, experts: int, controller: bool) -> None:
    """`MopeError` for a request that cannot be decoded, before any work; `experts` is the size of the pool."""
    found = None
    if not request.experts or len(request.experts) != len(request.prompts):
        found = f"{len(request.experts)} experts and {len(request.prompts)} prompts; each expert needs one prompt"
    elif len(set(request.experts)) < len(request.experts) or not all(0 <= e < experts for e in request.experts):
        found = f"experts {list(request.experts)}; distinct numbers from 0 to {experts - 1} are needed"
    elif not all(len(prompt) for prompt in request.prompts):
        found = "an empty prompt; at least one token is needed"
    elif not 0 <= request.min_new_tokens <= request.max_new_tokens or request.max_new_tokens < 1:
        found = f"from {request.min_new_tokens} to {request.max_new_tokens} new tokens; 0 ≤ min ≤ max, 1 ≤ max needed"
    elif controller and not request.controller_ids:
        found = "no controller_ids; the tokens that the controller reads are needed"
    elif request.weights is not None and len(request.weights) != len(request.experts):
        found = f"{len(request.weights)} weights for {len(request.experts)} experts; one each is needed"
    if found:
        raise MopeError(f"request {number}: {found}")
