"""Keys and values of a batch of left-padded rows, in buffers allocated ahead of the tokens."""

from collections.abc import Hashable, Sequence

import torch

SPARE = 64  # slots that a buffer has beyond those that are needed


def padded_width(lengths: list[int]) -> int:
    """The longest length, rounded up to 8: CPU kernels are generated per shape, at some milliseconds each."""
    return -(-max(lengths) // 8) * 8


def left_pad(rows: list[list[int]], device) -> torch.Tensor:
    """Rows as one tensor (R, T), filled up with 0 at the left to their `padded_width`."""
    width = padded_width([len(row) for row in rows])
    return torch.tensor([[0] * (width - len(row)) + list(row) for row in rows], device=device)


def distinct(rows: Sequence[Hashable]) -> tuple[list, list[int]]:
    """The rows without repetitions, in their order, and the place of each row among them."""
    places = {row: place for place, row in enumerate(dict.fromkeys(rows))}
    return list(places), [places[row] for row in rows]


class KeyValueCache:
    """Keys and values, one buffer (R, heads, capacity, head size) each per layer; `length` slots are filled.

    Row r holds padding in its first `pad[r]` slots, so its token in slot s has position s - pad[r].
    Naive equivalent: concatenate the new keys and values to the old ones at every step.
    """

    def __init__(self, lengths: list[int], layers: int, heads: int, size: int, dtype: torch.dtype, device):
        self.length = 0
        width = padded_width(lengths)
        self.pad = torch.tensor([width - length for length in lengths], device=device)
        self._adopt(torch.empty(layers, 2, len(lengths), heads, width + SPARE, size, dtype=dtype, device=device))

    def _adopt(self, data: torch.Tensor) -> None:
        self.data = data
        self.keys, self.values = ([layer[part] for layer in data.unbind()] for part in (0, 1))
        self.capacity = data.shape[4]
        if int(self.pad.max()) == 0:
            self.bias = None
            return
        slots = torch.arange(self.capacity, device=data.device)
        bias = torch.zeros(len(self.pad), 1, 1, self.capacity, dtype=data.dtype, device=data.device)
        self.bias = bias.masked_fill_((slots < self.pad[:, None])[:, None, None], float("-inf"))

    def extend(self, count: int) -> int:
        """Make room for `count` more slots and return the number of the first."""
        start, self.length = self.length, self.length + count
        if self.length > self.capacity:
            grown = self.data.new_empty(
                *self.data.shape[:4], self.length + max(SPARE, self.length // 2), self.data.shape[5]
            )
            grown[:, :, :, :, :start] = self.data[:, :, :, :, :start]
            self._adopt(grown)
        return start

    def positions(self, start: int) -> torch.Tensor:
        """Positions (R, T) of the slots from `start` on; those of padding are 0."""
        slots = torch.arange(start, self.length, device=self.pad.device)
        return (slots - self.pad[:, None]).clamp_(min=0)

    def mask(self, start: int) -> torch.Tensor | None:
        """What the slots from `start` on may attend to, as a bias (R, 1, T, length) on the attention scores."""
        if self.length - start == 1:
            return None if self.bias is None else self.bias[..., : self.length]
        slots = torch.arange(self.length, device=self.pad.device)
        query = slots[start:, None]
        seen = (slots <= query) & (slots >= self.pad[:, None, None])
        # Padding sees itself: a softmax over nothing is not a number, and would spread through the row.
        seen |= slots == query
        bias = torch.zeros(seen.shape, dtype=self.data.dtype, device=seen.device)
        return bias.masked_fill_(~seen, float("-inf"))[:, None]

    def write(
        self, layer: int, start: int, keys: torch.Tensor, values: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Fill the slots of a layer from `start` on with keys and values, each (R, heads, T, head size).

        Returns those of all filled slots, each (R, heads, length, head size).
        """
        self.keys[layer][:, :, start : self.length] = keys
        self.values[layer][:, :, start : self.length] = values
        return self.keys[layer][:, :, : self.length], self.values[layer][:, :, : self.length]

    def join(self, other: "KeyValueCache", rows: torch.Tensor) -> None:
        """Take in the rows of another cache, aligned to end in the same slot, and order all rows by `rows`.

        `rows` is a permutation (int64): numbers below R are this cache's R rows, the following those of `other`.
        """
        longest, own = max(self.length, other.length), len(self.pad)
        places = rows.argsort()
        data = self.data.new_zeros(
            *self.data.shape[:2], len(rows), self.data.shape[3], longest + SPARE, self.data.shape[5]
        )
        for cache, its in ((self, places[:own]), (other, places[own:])):
            data[:, :, its, :, longest - cache.length : longest] = cache.data[:, :, :, :, : cache.length]
        pads = [cache.pad + (longest - cache.length) for cache in (self, other)]
        self.pad, self.length = torch.cat(pads)[rows], longest
        self._adopt(data)

    def keep(self, rows: torch.Tensor) -> None:
        """Keep the rows `rows` (int64, in this order, repetitions allowed), without padding that all of them share."""
        pad = self.pad[rows]
        shared = int(pad.min())
        kept = self.data[:, :, rows, :, shared : self.length]
        self.pad, self.length = pad - shared, self.length - shared
        data = kept.new_empty(*kept.shape[:4], self.length + SPARE, kept.shape[5])
        data[:, :, :, :, : self.length] = kept
        self._adopt(data)
