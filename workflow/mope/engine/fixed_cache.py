"""Keys and values in buffers that keep their shape and address, so that a CUDA graph can repeat a step."""

import torch

from mope.engine.kv_cache import KeyValueCache


class FixedCache:
    """What a `KeyValueCache` holds, in buffers of `capacity` slots, and one more token per row at each step.

    Only the device knows how many slots are filled: every step attends to all slots, and a mask hides those that are
    not filled. The caller counts the steps; there is room for as many as there are free slots at the beginning.
    """

    def __init__(self, cache: KeyValueCache, capacity: int):
        """`capacity` is rounded up to a multiple of 8, to which kernels of attention align their masks."""
        filled, self.length = cache.length, -(-capacity // 8) * 8
        shape, device = cache.data.shape, cache.data.device
        data = cache.data.new_zeros(*shape[:4], self.length, shape[5])  # zeros: a hidden slot must hold a number
        data[:, :, :, :, :filled] = cache.data[:, :, :, :, :filled]
        self.last = torch.tensor([filled - 1], device=device)  # the slot that was filled last
        self.slots = torch.arange(self.length, device=device)
        self._adopt(data, cache.pad)

    def _adopt(self, data: torch.Tensor, pad: torch.Tensor) -> None:
        self.data, self.pad = data, pad
        self.keys, self.values = ([layer[part] for layer in data.unbind()] for part in (0, 1))
        self.hidden = (self.slots < pad[:, None])[:, None, None]  # (R, 1, 1, capacity)

    def extend(self, count: int) -> int:
        """Move on to the next slot. The 0 stands for its number, which only the device knows.

        `ValueError` unless `count` is 1.
        """
        if count != 1:
            raise ValueError(f"{count} tokens per row; a fixed cache takes one at a time")
        self.last.add_(1)
        return 0

    def positions(self, start: int) -> torch.Tensor:
        """Positions (R, 1) of the last slot."""
        return (self.last - self.pad)[:, None]

    def mask(self, start: int) -> torch.Tensor:
        """What the last slot may attend to, as a bias (R, 1, 1, capacity) on the attention scores."""
        hidden = self.hidden | (self.slots > self.last)
        return torch.zeros_like(hidden, dtype=self.data.dtype).masked_fill_(hidden, float("-inf"))

    def keep(self, rows: torch.Tensor) -> None:
        """Keep these rows, int64 indices in any order, without a second copy of all: memory may have no room for it."""
        for layer in self.data.flatten(0, 1):
            layer[: len(rows)] = layer[rows]
        self._adopt(self.data[:, :, : len(rows)], self.pad[rows])

    def write(
        self, layer: int, start: int, keys: torch.Tensor, values: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Fill the last slot of a layer with keys and values, each (R, heads, 1, head size).

        Returns those of all slots, each (R, heads, capacity, head size).
        """
        self.keys[layer].index_copy_(2, self.last, keys.to(self.data.dtype))
        self.values[layer].index_copy_(2, self.last, values.to(self.data.dtype))
        return self.keys[layer], self.values[layer]
