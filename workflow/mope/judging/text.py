"""Words, stems and sentences of a text."""

import re
from functools import lru_cache

WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+")
WORD_SUFFIXES = ("ations", "ation", "ically", "ingly", "ings", "ing", "edly", "ed", "ies", "es", "ly", "s")

TECHNICAL_LETTERS = 8  # from which a word counts as technical
# English function words: they carry grammar, not a subject.
FUNCTION_WORDS = frozenset(
    """a an the and or but nor so yet if then than that which who whom whose what when where why how as at by for from
    in into of off on onto out over to toward towards under up upon via with within without about above across after
    against along among around before behind below beneath beside between beyond during except inside near since
    through throughout till until while because though although unless whether is are am was were be been being do
    does did done has have had having can could may might must shall should will would i me my mine myself you your
    yours yourself he him his himself she her hers herself it its itself we us our ours they them their theirs this
    these those there here not no nor none never also too very just only even much many more most some any each every
    all both few other another such same own again once let's it's that's don't isn't i'm you're can't""".split()
)


def words(text: str) -> list[str]:
    """Lower-case words of `text`, in order."""
    return WORD.findall(text.lower().replace("\u2019", "'"))


def sentences(text: str) -> list[str]:
    """Non-empty sentences (or lines) of `text`, in order."""
    return [part for part in (piece.strip() for piece in SENTENCE_END.split(text)) if part]


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The word without a common English ending; crude, and the same for question and answer."""
    for suffix in WORD_SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word[: -len(suffix)]
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def content_stems(tokens: list[str]) -> list[str]:
    """Stems of the words that are no function words."""
    return [stem(word) for word in tokens if word not in FUNCTION_WORDS]
