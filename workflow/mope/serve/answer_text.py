"""The text of an answer, token by token, up to the first stop text."""

from collections.abc import Sequence

from mope.explain.token_text import TextSoFar


class AnswerText:
    """The text of one answer. What may be the beginning of a stop text is held back until the next tokens decide it."""

    def __init__(self, tokenizer, stops: Sequence[str] = ()):
        self.text, self.stops = TextSoFar(tokenizer), stops
        self.held = ""

    def push(self, token: int, last: bool) -> tuple[str, bool]:
        """The text that may be shown after this token, and whether a stop text has ended the answer.

        An incomplete character is shown where the answer ends with it, as in a finished answer.
        """
        self.held += self.text.added(token, last)
        found = [place for stop in self.stops if (place := self.held.find(stop)) >= 0]
        end = min(found) if found else len(self.held) - (0 if last else self._undecided())
        text, self.held = self.held[:end], self.held[end:]
        return text, bool(found)

    def _undecided(self) -> int:
        """How many characters at the end of what is held may be the beginning of a stop text."""
        lengths = (n for stop in self.stops for n in range(1, len(stop)) if self.held.endswith(stop[:n]))
        return max(lengths, default=0)
