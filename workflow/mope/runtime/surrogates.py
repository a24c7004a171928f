"""Texts that cannot be written as UTF-8."""


def without_surrogates(text: str) -> str:
    """The text with U+FFFD in place of unpaired surrogates, which UTF-8 cannot encode."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
