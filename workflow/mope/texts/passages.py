"""Splits chat answers into sentences and words, without code and Markdown, for annotator and judge of open text."""

import re

CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
# How a heading, a quotation or a list item begins.
MARKER = re.compile(r"^\s*(?:#{1,6}\s+|>\s+|(?:[-*+\u2022]|\(?\d{1,2}[.):])\s+)")
EMPHASIS = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|mr|mrs|ms|dr|prof|st|no|approx|[a-z])\.$", re.IGNORECASE)
PASSAGE_END = re.compile(r"(?<=[.!?\u2026])[\"'\u201d\u2019)\]]*\s+(?=[\"'\u201c\u2018(\[]?[A-Z0-9])")
WORD_PATTERN = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")


def lines(text: str) -> list[str]:
    """Non-empty lines of a text without fenced code and without the marks of headings, lists and emphasis."""
    stripped = (EMPHASIS.sub("", MARKER.sub("", line)).strip() for line in CODE.sub("\n", text).splitlines())
    return [line for line in stripped if line]


def split_sentences(text: str) -> list[str]:
    """Sentences of a text in order; a line ends a sentence, an abbreviation does not."""
    found: list[str] = []
    for line in lines(text):
        begin = 0
        for match in PASSAGE_END.finditer(line):
            if not ABBREVIATION.search(line[begin : match.start()]):
                found.append(line[begin : match.end()].strip())
                begin = match.end()
        found.append(line[begin:].strip())
    return [sentence for sentence in found if WORD_PATTERN.search(sentence)]


def passage_words(text: str) -> list[str]:
    """Lower-case words of a text in order, numbers left out."""
    return WORD_PATTERN.findall(text.lower().replace("\u2019", "'"))
