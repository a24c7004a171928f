"""The exceptions that are meant for the user's eyes."""

import unicodedata

LONGEST_MESSAGE = 2000  # characters of a message


class MopeError(Exception):
    """Bad input: one line that names the file or key, what was found, and what would be right.

    What a user brought may stand in the message: line breaks, control characters and broken Unicode in it are escaped,
    and a message that is very long loses its middle.
    """

    def __init__(self, message: str) -> None:
        super().__init__(shortened(visible(message), LONGEST_MESSAGE))


class Stopped(Exception):  # noqa: N818 (it is no error)
    """A signal has ended the training early: one line that says what was saved; the same command goes on from there."""


def visible(text: str) -> str:
    """The text on one line: line ends and all kinds of spaces as spaces, controls and the like as escapes (`\\x1b`)."""
    return "".join(c if c.isprintable() else _visible(c) for c in text)


def _visible(character: str) -> str:
    if character in "\n\r\t" or unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")


def shortened(text: str, longest: int) -> str:
    """The text, without its middle if it has more than `longest` characters."""
    half = (longest - 5) // 2
    return text if len(text) <= longest else f"{text[:half]} ... {text[-half:]}"
