"""What the raters of a human study answered, in the CSV files that the study's page saved."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mope.data.records import csv_records
from mope.errors import MopeError

RATING_COLUMNS = ("study", "rater", "item", "answer")
ANSWERS = ("left", "tie", "right")


@dataclass(frozen=True)
class Rating:
    """One answer of a rater; `place` is the file and line, for error messages."""

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


def rating_files(folder: Path) -> list[Path]:
    """All files of the folder, whatever their names, but hidden ones; none where there is no such folder."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except (OSError, ValueError):
        return []


def all_ratings(paths: Iterable[Path]) -> Iterator[Rating]:
    """The answers of all files; `MopeError` for a file without one, and where a rater answered an item twice."""
    places: dict[tuple, str] = {}
    for path in paths:
        before = len(places)
        for rating in ratings_of(path):
            where = rating.place
            first = places.setdefault((rating.study, rating.rater, rating.item), where)
            if first != where:
                found = f"{where}: {rating.rater} answered {rating.item} before, at {first}"
                raise MopeError(f"{found}; one answer is expected")
            yield rating
        if len(places) == before:
            raise MopeError(f"{path}: no answer found; at least one is expected")
