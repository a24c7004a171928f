"""Log-probabilities of a mixture from recorded log-probabilities of its experts (paper eq. 1), without running experts.

Shapes: B answers of up to T tokens by k experts each; `present` (B, T) bool marks the tokens of an answer.
"""

import torch

LOG_ZERO = -1e4  # in place of the logarithm of zero, which has no gradient


def token_logprobs(
    logits: torch.Tensor, expert_logprobs: torch.Tensor, other_logprobs: torch.Tensor | None = None
) -> torch.Tensor:
    """log π_θ(y_t) = log Σ_i α_i p_i(y_t) (paper eq. 1), shape (B, T).

    `logits` (B, T, k) are the controller's outputs for the k experts of ξ; their softmax is that of all n outputs
    masked to ξ. `expert_logprobs` (B, T, k) are the recorded log p_i(y_t).

    With `other_logprobs` (B, T, m, k), the log p_i of the m most probable other tokens, experts are mixed in logit
    space instead (paper table 4): log π_θ(y_t) = Σ_i α_i log p_i(y_t) − log Σ_v Π_i p_i(v)^α_i, where v runs over y_t
    and these m tokens. Deviation, because only they are recorded: the sum is not over the whole vocabulary.
    """
    alphas = torch.log_softmax(logits, dim=-1)
    if other_logprobs is None:
        return torch.logsumexp(alphas + expert_logprobs, dim=-1)
    every = torch.cat([expert_logprobs[:, :, None], other_logprobs], dim=2).clamp(min=LOG_ZERO)  # (B, T, 1 + m, k)
    return (every * alphas.exp()[:, :, None]).sum(dim=-1).log_softmax(dim=-1)[:, :, 0]


def answer_logprobs(
    logits: torch.Tensor,
    expert_logprobs: torch.Tensor,
    present: torch.Tensor,
    other_logprobs: torch.Tensor | None = None,
) -> torch.Tensor:
    """log π_θ(y), the sum of `token_logprobs` over the tokens of each answer, shape (B,)."""
    return torch.where(present, token_logprobs(logits, expert_logprobs, other_logprobs), 0.0).sum(dim=-1)
