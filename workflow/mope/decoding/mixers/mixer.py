"""What a mixing rule is: how the experts' next-token distributions become one, on log-probabilities throughout.

Shapes: logprobs (B, k, V) of k experts per request, weights (B, k), present (B, k) bool; an expert that is not
present takes no part, whatever its row holds. The result (B, V) is a log-distribution. Zero mass is -inf.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch

IMPOSSIBLE = float("-inf")


def may_wait(logprobs: torch.Tensor) -> bool:
    """Whether code may look at a tensor's values: on a GPU that waits for all earlier work, and breaks a CUDA graph."""
    return logprobs.device.type == "cpu"


class Mixer(ABC):
    """A rule that mixes experts."""

    fixes: bool = False  # whether it never looks at values on a GPU (`may_wait`), so that CUDA graphs can repeat it

    def weights(self, experts: torch.Tensor, present: torch.Tensor, given: torch.Tensor | None) -> torch.Tensor:
        """The weights (B, k) that `mix` takes: those given, or uniform ones. `experts` (B, k) are pool indices."""
        return present / present.sum(dim=1, keepdim=True) if given is None else given

    def request_weights(self, weights: Sequence[float]) -> list[float]:
        """What a request gives as its experts' weights, from `weights` of its preferences, which sum to one."""
        return list(weights)

    @abstractmethod
    def mix(self, logprobs: torch.Tensor, weights: torch.Tensor, present: torch.Tensor | None) -> torch.Tensor:
        """Log-distribution (B, V); `present` is None when every expert is."""
