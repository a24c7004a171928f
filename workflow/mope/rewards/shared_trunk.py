"""The first layers of a base, which reward models leave as they are: run once per text, not once per model."""

import re
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import safe_open

from mope.engine.kv_cache import left_pad
from mope.engine.llama import Llama

KEPT_BYTES = 2_000_000_000  # of hidden states that are kept; those of the texts that were asked for last


class SharedTrunk:
    """What the first layers of a LLaMA make of texts, kept for the other models that read the same texts."""

    def __init__(self, llama: Llama, most_bytes: int = KEPT_BYTES):
        """`llama` consists of these layers only (`Llama.layers_between`)."""
        self.llama, self.most_bytes = llama, most_bytes
        self.kept: dict[tuple[int, ...], torch.Tensor] = {}
        self.bytes = 0

    def hidden(self, texts: list[list[int]]) -> torch.Tensor:
        """Hidden states (R, T, H) after these layers, of R texts (token ids) left-padded to their `padded_width`."""
        missing = list(dict.fromkeys(tuple(text) for text in texts if tuple(text) not in self.kept))
        found = dict(zip(missing, self._run(missing), strict=True)) if missing else {}
        for text in dict.fromkeys(map(tuple, texts)):
            if text not in found:  # those of earlier calls move to the end, as the last ones asked for
                found[text] = self.kept.pop(text)
                self.bytes -= _bytes(found[text])
        tokens = left_pad(texts, self.llama.device)
        out = torch.zeros(*tokens.shape, self.llama.hidden, dtype=self.llama.dtype, device=tokens.device)
        for row, text in zip(out, texts, strict=True):
            row[len(row) - len(text) :] = found[tuple(text)]
        self._keep(found)
        return out

    def _run(self, texts: list[tuple[int, ...]]) -> list[torch.Tensor]:
        """Hidden states (T, H) of each text."""
        cache = self.llama.new_cache([len(text) for text in texts])
        states = self.llama.through(self.llama.embed(left_pad(texts, self.llama.device)), cache)
        return [row[len(row) - len(text) :].clone() for row, text in zip(states, texts, strict=True)]

    def _keep(self, found: dict[tuple[int, ...], torch.Tensor]) -> None:
        self.kept |= found
        self.bytes += sum(map(_bytes, found.values()))
        while self.bytes > self.most_bytes:
            self.bytes -= _bytes(self.kept.pop(next(iter(self.kept))))


def layers_below(adapters: Iterable[str | Path]) -> int:
    """The number of a decoder's first layers that none of these PEFT folders changes; 0 where one does not tell."""
    lowest = []
    for folder in adapters:
        file = Path(folder) / "adapter_model.safetensors"
        if not file.is_file():
            return 0
        with safe_open(file, "pt") as tensors:
            names = tensors.keys()
        changed = [name for name in names if not name.endswith("score.weight")]  # the head is above all layers
        layers = [re.search(r"\blayers\.(\d+)\.", name) for name in changed]
        lowest.append(min((int(layer[1]) if layer else 0 for layer in layers), default=0))
    return min(lowest, default=0)


def _bytes(states: torch.Tensor) -> int:
    return states.numel() * states.element_size()
