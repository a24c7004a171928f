"""What the decode loop asks of a set of experts, wherever they run."""

from abc import ABC, abstractmethod

import torch


class ExpertPool(ABC):
    """Experts that share a tokenizer. A row is one expert reading one text; a batch has R rows."""

    names: tuple[str, ...]
    vocab_size: int
    device: torch.device
    # Whether a finished row may stay until enough others have finished: cheap in a batch, not over a wire.
    waits: bool = True

    @abstractmethod
    def prefill(self, prompts: list[list[int]], experts: list[int]) -> tuple[object, torch.Tensor]:
        """Start R rows: row r is expert `experts[r]` (index into `names`) reading `prompts[r]`.

        Returns the state of the rows and log-probabilities (R, V) of the next token, float32; -inf is zero mass.
        """

    @abstractmethod
    def step(self, state, tokens: torch.Tensor) -> torch.Tensor:
        """Append one token per row, int64 (R,); the next log-probabilities (R, V)."""

    @abstractmethod
    def keep(self, state, rows: torch.Tensor) -> None:
        """Keep only these rows, int64 indices in ascending order, and free what the others held."""
