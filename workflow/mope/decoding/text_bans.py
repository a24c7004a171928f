"""Bans of tokens that end an answer too early or repeat an n-gram, computed on the device for a whole batch."""

from collections.abc import Collection, Sequence

import torch

from mope.decoding.request import Request

NOTHING = -1  # where a text holds no token


class TextBans:
    """The same bans as by `Ngrams` and `min_new_tokens`, without waiting for the host.

    `texts` (P, W) int64 has a row for each of the P different prompts of N requests. Prompts end before the column
    `start`; from there on the row of a request's first prompt holds its answer.
    """

    def __init__(
        self, requests: Sequence[Request], size: int, ends: Collection[int], steps: int, vocabulary: int, device
    ):
        """`size` is that of the n-grams that may not be repeated, 0 for none; `steps` the longest answer."""
        self.size, self.vocabulary = size, vocabulary
        self.ends = torch.tensor(sorted(ends), dtype=torch.long, device=device)
        self.least = torch.tensor([request.min_new_tokens for request in requests], device=device)
        self.early = bool(ends) and any(request.min_new_tokens for request in requests)
        self.texts = None
        if not size:
            return
        self.start = max(len(prompt) for request in requests for prompt in request.prompts) + size
        rows, self.first, owners = [], [], []
        for number, request in enumerate(requests):
            self.first.append(len(rows))
            for prompt in request.prompts if len(set(map(tuple, request.prompts))) > 1 else request.prompts[:1]:
                rows.append([NOTHING] * (self.start - len(prompt)) + list(prompt) + [NOTHING] * steps)
                owners.append(number)
        self.texts = torch.tensor(rows, device=device)
        self.first, self.owners = torch.tensor(self.first, device=device), torch.tensor(owners, device=device)
        self.before = torch.arange(size - 1, device=device) - (size - 1) + self.start
        self.yes = torch.ones((), dtype=torch.bool, device=device)

    def append(self, index: torch.Tensor, at: torch.Tensor, tokens: torch.Tensor) -> None:
        """Add the tokens (B,) of step `at` (1,) to the answers of the requests `index` (B,)."""
        if self.texts is not None:
            self.texts[self.first[index], self.start + at] = tokens

    def allowed(self, mixed: torch.Tensor, index: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        """`mixed` (B, V) of the requests `index` without the tokens that are banned at step `at` (1,).

        The bans yield where nothing else has mass.
        """
        if not self.early and self.texts is None:
            return mixed
        scores = mixed
        if self.early:
            early = (at < self.least[index])[:, None]
            scores = scores.index_copy(1, self.ends, scores[:, self.ends].masked_fill(early, float("-inf")))
        if self.texts is not None:
            scores = scores.masked_fill(self.repeating(at)[index], float("-inf"))
        nothing = (scores == float("-inf")).all(dim=1, keepdim=True)
        return torch.where(nothing, mixed, scores)

    def repeating(self, at: torch.Tensor) -> torch.Tensor:
        """Tokens that would repeat an n-gram, bool (N, V)."""
        windows = self.texts.unfold(1, self.size, 1)  # (P, W - size + 1, size)
        tails = self.texts[self.first[:, None], self.before + at]  # (N, size - 1)
        same = (windows[..., :-1] == tails[self.owners][:, None]).all(dim=-1)
        same &= (windows >= 0).all(dim=-1)
        followers = torch.where(same, windows[..., -1], self.vocabulary)
        found = torch.zeros(len(self.first), self.vocabulary + 1, dtype=torch.bool, device=at.device)
        owners = self.owners[:, None].expand_as(followers)
        return found.index_put_((owners, followers), self.yes)[:, :-1]
