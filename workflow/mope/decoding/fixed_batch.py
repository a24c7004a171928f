"""One decoding step on tensors that keep their shape and address and never waits for the host, as CUDA graphs need."""

from collections.abc import Callable

import torch

from mope.decoding.batch import Batch

# What `Batch.mixture` returns -> tokens (B,).
Choose = Callable[[torch.Tensor, torch.Tensor, torch.Tensor | None], torch.Tensor]


class FixedBatch:
    """The requests of a `Batch` whose pool and controller have a `fixed` state.

    `step` reads and writes the same buffers every time, until `keep`. The caches have room for `steps` steps.
    """

    def __init__(self, batch: Batch, steps: int):
        self.batch = batch
        batch.state = batch.pool.fixed(batch.state, steps)
        self.logprobs, self.logits = batch.logprobs.clone(), None
        if batch.controller is not None:
            batch.controller_state = batch.controller.fixed(batch.controller_state, steps)
            self.logits = batch.logits.clone()

    def step(self, choose: Choose) -> torch.Tensor:
        """Choose a token for every request, int64 (B,), and run the models on it."""
        batch = self.batch
        batch.logprobs, batch.logits = self.logprobs, self.logits
        tokens = choose(*batch.mixture())
        batch.advance(tokens)
        self.logprobs.copy_(batch.logprobs)
        if self.logits is not None:
            self.logits.copy_(batch.logits)
        return tokens

    def keep(self, kept: torch.Tensor) -> None:
        """Drop all requests but those of the ascending indices `kept`. This allocates new buffers."""
        batch = self.batch
        self.logprobs = self.logprobs[torch.isin(batch.owner, kept)]
        self.logits = None if self.logits is None else self.logits[kept]
        batch.keep(kept)
