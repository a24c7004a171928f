"""The text of an answer, token by token, up to the first stop text."""

from collections.abc import Sequence

from mope.explain.token_text import added_text


class AnswerText:
    """The text of one answer. What may be the beginning of a stop text is held back until the next tokens decide it."""

    def __init__(self, tokenizer, stops: Sequence[str] = ()):
        self.tokenizer, self.stops = tokenizer, stops
        self.tokens: list[int] = []
        self.decoded, self.shown = "", 0

    def push(self, token: int, last: bool) -> tuple[str, bool]:
        """The text that may be shown after this token, and whether a stop text has ended the answer."""
        self.tokens.append(token)
        self.decoded += added_text(self.tokenizer, self.tokens, self.decoded)
        if last:  # an incomplete character is shown as in a finished answer
            self.decoded = self.tokenizer.decode(self.tokens, skip_special_tokens=True)
        found = [place for stop in self.stops if (place := self.decoded.find(stop)) >= 0]
        end = min(found) if found else len(self.decoded) - (0 if last else self._held_back())
        text, self.shown = self.decoded[self.shown : end], max(self.shown, end)
        return text, bool(found)

    def _held_back(self) -> int:
        """How many characters at the end of the text may be the beginning of a stop text."""
        lengths = (n for stop in self.stops for n in range(1, len(stop)) if self.decoded.endswith(stop[:n]))
        return max(lengths, default=0)
