"""The "did you mean ...?" of error messages."""

import difflib
from collections.abc import Iterable


def one_of(word: object, known: Iterable[object]) -> str:
    """`one of a, b (did you mean a?)`, with the question only if `word` resembles one of the `known` names."""
    names = [str(name) for name in known]
    close = difflib.get_close_matches(str(word), names, n=1, cutoff=0.6)
    return f"one of {', '.join(names)}" + (f" (did you mean {close[0]}?)" if close else "")
