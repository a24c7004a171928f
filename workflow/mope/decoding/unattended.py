"""Several decoding steps after which the host looks at the tokens, as CUDA graphs where there is a GPU of CUDA."""

from collections.abc import Callable

import torch

from mope.decoding.fixed_batch import FixedBatch
from mope.decoding.replay import WARM_UP, recorded
from mope.decoding.sampling import draw_tokens
from mope.decoding.text_bans import TextBans


class UnattendedSteps:
    """The steps of a `BatchDecoder` with sampling, bans, records and models all on the device.

    The host learns only at its next look that an answer has ended; what was written after the end is ignored.
    """

    def __init__(self, run):
        """`run`: the BatchDecoder, before its first step."""
        self.run, self.batch = run, run.batch
        requests, device, size = self.batch.requests, self.batch.pool.device, run.sampling.no_repeat_ngram
        self.fixed = FixedBatch(self.batch, run.steps)
        self.bans = TextBans(requests, size, run.ends.ids, run.steps, self.batch.pool.vocab_size, device)
        self.tokens = torch.zeros(len(requests), run.steps, dtype=torch.long, device=device)
        self.at = torch.zeros(1, dtype=torch.long, device=device)
        self._rearranged()

    def _rearranged(self) -> None:
        """The buffers are new ones: a recorded graph no longer fits them."""
        self.warm, self.replay = 0, None

    def take(self, first: int, count: int) -> bool:
        """Take the `count` steps from step `first` on; False when all answers have ended."""
        run, batch = self.run, self.batch
        for _ in range(count):
            self._step()
        kept = []
        for b, tokens in enumerate(self.tokens[batch.index, first : first + count].tolist()):
            m = batch.members[b]
            for token in tokens:
                if run.alive[m]:
                    run.append(m, token)
            if run.alive[m]:
                kept.append(b)
        if not kept:
            return False
        stay = run.staying(kept)
        if stay is not None:
            self.fixed.keep(stay)
            self._rearranged()
        return True

    def _step(self) -> None:
        if self.replay is None and self.warm == WARM_UP and self.at.device.type == "cuda":
            self.replay = recorded(self._eager)
        step: Callable[[], object] = self.replay or self._eager
        step()
        self.warm = min(WARM_UP, self.warm + 1)

    def _eager(self) -> None:
        self.fixed.step(self._choose)
        self.at.add_(1)

    def _choose(self, mixed: torch.Tensor, experts: torch.Tensor, alphas: torch.Tensor | None) -> torch.Tensor:
        run, index = self.run, self.batch.index
        allowed = self.bans.allowed(mixed, index, self.at)
        tokens = draw_tokens(allowed, run.sampling, run.uniform[index, self.at])
        run.note(self.at, tokens, mixed, experts, None if alphas is None else self.batch.spread(alphas))
        self.bans.append(index, self.at, tokens)
        self.tokens[index, self.at] = tokens
        return tokens
