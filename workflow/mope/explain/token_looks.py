"""How the tokens of each expert look in a terminal: a colour and a pattern, either of which tells experts apart."""

from dataclasses import dataclass

from mope.preferences import Preferences

# Codes of ANSI's SGR, one per expert, again from the first where there are more.
TERMINAL_COLOURS = (32, 36, 33, 35, 34, 31, 92, 96)
TERMINAL_PATTERNS = (
    (),
    (1,),
    (4,),
    (3,),
    (7,),
    (1, 4),
    (3, 4),
)  # plain, bold, underlined, italic, reversed, and two of them


@dataclass(frozen=True)
class Looks:
    """Whether experts are told apart by colours, and by patterns."""

    colour: bool
    pattern: bool


def paint(text: str, preference: str, preferences: Preferences, looks: Looks) -> str:
    """Text in the look of a preference's expert."""
    place = preferences.ids.index(preference)
    codes = [TERMINAL_COLOURS[place % len(TERMINAL_COLOURS)]] if looks.colour else []
    codes += TERMINAL_PATTERNS[place % len(TERMINAL_PATTERNS)] if looks.pattern else ()
    return f"\x1b[{';'.join(map(str, codes))}m{text}\x1b[0m" if codes and text else text


def legend(preferences: Preferences, looks: Looks) -> str:
    """One line: the experts, by dimension, each in its look."""
    dimensions = [
        " / ".join(paint(preferences.names[pole], pole, preferences, looks) for pole in poles)
        for poles in preferences.dimensions.values()
    ]
    return "   ".join(dimensions)
