"""Requests that are decoded together, and the tensors that say which row belongs to which request and expert."""

import torch

from mope.decoding.mixers.mixer import Mixer
from mope.decoding.pool import ExpertPool
from mope.decoding.request import Request
from mope.decoding.sampling import tempered
from mope.decoding.step_controller import StepController


class Batch:
    """B requests with up to k experts each. Each of the R rows is one expert of one request, in the requests' order.

    `members[b]` is the number that request b had when the batch started. `logprobs` (R, V), float32, are the rows'
    log-probabilities of the next token at `temperature`.
    """

    def __init__(
        self,
        pool: ExpertPool,
        mixer: Mixer,
        requests: list[Request],
        controller: StepController | None,
        temperature: float = 1.0,
    ):
        self.pool, self.mixer, self.controller, self.requests = pool, mixer, controller, requests
        self.temperature = temperature
        self._arrange(list(range(len(requests))))
        prompts = [prompt for request in requests for prompt in request.prompts]
        experts = [expert for request in requests for expert in request.experts]
        self.state, logprobs = pool.prefill(prompts, experts)
        self.logprobs = tempered(logprobs, temperature)
        self.logits = None
        if controller is not None:
            masks = self.spread(self.present.float()).bool()
            self.controller_state, self.logits = controller.prefill([r.controller_ids for r in requests], masks)

    def _arrange(self, members: list[int]) -> None:
        """Set the tensors of the requests with the numbers `members`, B of them.

        index (B,): these numbers; experts (B, k) int64, filled up with 0, and present (B, k) bool: which of them are
        the request's; owner (R,): the request of a row; rows (B, k): the row of an expert; fixed (B, k): the requests'
        own weights, None if no request has any; even: whether all requests have k experts.
        """
        self.members = members
        requests = [self.requests[m] for m in members]
        sizes = [len(request.experts) for request in requests]
        widest, device = max(sizes), self.pool.device

        def table(lists, filler):  # (B, k)
            return torch.tensor([[*values, *[filler] * (widest - len(values))] for values in lists], device=device)

        self.index = torch.tensor(members, device=device)
        self.even = min(sizes) == widest
        self.experts = table([request.experts for request in requests], 0)
        self.present = table([[True] * size for size in sizes], False)
        self.owner = torch.tensor([b for b, size in enumerate(sizes) for _ in range(size)], device=device)
        self.rows = torch.where(self.present, self.present.flatten().cumsum(0).view_as(self.present) - 1, 0)
        self.fixed = None
        if any(request.weights is not None for request in requests):
            fixed = [r.weights if r.weights is not None else [1 / len(r.experts)] * len(r.experts) for r in requests]
            self.fixed = table([[float(weight) for weight in weights] for weights in fixed], 0.0)

    def spread(self, values: torch.Tensor) -> torch.Tensor:
        """Values (B, k) of the requests' experts as (B, n) over all experts of the pool, 0 elsewhere."""
        out = torch.zeros(len(values), len(self.pool.names), device=values.device)
        return out.scatter_add_(1, self.experts, torch.where(self.present, values, 0.0))

    def weights(self) -> torch.Tensor | None:
        """α (B, k): the controller's softmax over each request's experts, or the requests' own."""
        if self.logits is None:
            return self.fixed
        logits = self.logits.gather(1, self.experts)
        return logits.masked_fill(~self.present, float("-inf")).softmax(dim=1)

    def mixture(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """The mixed log-distribution (B, V), the experts' own (B, k, V), and α (B, k) if there is one."""
        stacked = self.logprobs.view(*self.rows.shape, -1) if self.even else self.logprobs[self.rows]
        given = self.weights()
        weights = self.mixer.weights(self.experts, self.present, given)
        return self.mixer.mix(stacked, weights, None if self.even else self.present), stacked, given

    def advance(self, tokens: torch.Tensor) -> None:
        """Append a token (B,) to each request."""
        self.logprobs = tempered(self.pool.step(self.state, tokens[self.owner]), self.temperature)
        if self.controller is not None:
            self.logits = self.controller.step(self.controller_state, tokens)

    def keep(self, kept: torch.Tensor) -> None:
        """Drop all requests but those of the ascending indices `kept`, with their rows in every cache."""
        flags = torch.zeros(len(self.members), dtype=torch.bool, device=self.pool.device)
        flags[kept] = True
        self.pool.keep(self.state, flags[self.owner].nonzero()[:, 0])
        if self.controller is not None:
            self.controller.keep(self.controller_state, kept)
        self._arrange([self.members[b] for b in kept.tolist()])
