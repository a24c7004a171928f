"""What one rater of a human study answered, in the CSV file that the study's page saved."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mope.data.records import csv_records
from mope.errors import MopeError

RATING_COLUMNS = ("study", "rater", "item", "answer")
ANSWERS = ("left", "tie", "right")


@dataclass(frozen=True)
class Rating:
    """`place` is the file and line, for messages."""

    place: str
    study: str | None
    rater: str
    item: str | None
    answer: str


def ratings_of(path: Path) -> Iterator[Rating]:
    """The file's answers; `MopeError` names the line of an invalid one."""
    for record in csv_records(path, RATING_COLUMNS, "the CSV file as the page saved it"):
        row, place = record.content, record.place
        if not set(RATING_COLUMNS) <= row.keys():
            raise MopeError(f"{path}: {', '.join(row)} found; expected the columns study, rater, item and answer")
        if row["answer"] not in ANSWERS:
            raise MopeError(f"{place}: answer {row['answer']!r} found; left, tie or right is expected")
        if not (row["rater"] or "").strip():
            raise MopeError(f"{place}: no rater found; the name that the rater gave on the page is expected")
        yield Rating(place, row["study"], row["rater"], row["item"], row["answer"])
