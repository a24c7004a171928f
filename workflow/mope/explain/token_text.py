"""What one token adds to an answer: its text, and who carried it."""

import torch


def posterior_shares(alphas: torch.Tensor, expert_logprobs: torch.Tensor) -> torch.Tensor:
    """α_i p_i(y_t) / Σ_j α_j p_j(y_t): the share (k,) of each expert in the probability of the chosen token."""
    return (alphas.log() + expert_logprobs).softmax(dim=-1)


def added_text(tokenizer, tokens: list[int], shown: str) -> str:
    """What the last of `tokens` adds to the text `shown` of those before it.

    Decoded alone, it would lose the space it begins with under some tokenizers.
    """
    text = tokenizer.decode(tokens, skip_special_tokens=True)
    return "" if text.endswith("\ufffd") else text[len(shown) :]  # an incomplete character waits for the next token
