"""What one token adds to an answer: its text; and the experts' shares in its probability."""

import torch


def posterior_shares(alphas: torch.Tensor, expert_logprobs: torch.Tensor) -> torch.Tensor:
    """α_i p_i(y_t) / Σ_j α_j p_j(y_t): the share (k,) of each expert in the probability of the chosen token."""
    return (alphas.log() + expert_logprobs).softmax(dim=-1)


class TextSoFar:
    """The text of an answer as its tokens come, of which only the last few are decoded each time.

    These are the tokens of the latest text, since a token decoded alone would lose the space it begins with under some
    tokenizers, and those of a character that is not whole yet. Special tokens have no text.
    """

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
        self.latest: list[int] = []
        self.waiting: list[int] = []

    def added(self, token: int, last: bool = False) -> str:
        """What a token adds; an incomplete character waits for the next token unless this is the `last`."""
        if token not in self.special:
            self.waiting.append(token)
        elif not last:
            return ""
        text, shown = self.tokenizer.decode(self.latest + self.waiting), self.tokenizer.decode(self.latest)
        if len(text) <= len(shown) or text.endswith("\ufffd") and not last:
            return ""
        self.latest, self.waiting = self.waiting, []
        return text[len(shown) :]
