"""The error for a body that is no valid question: the field that is wrong, and why."""

import json
from itertools import takewhile

from mope.errors import shortened

LONGEST_FOUND = 80  # characters of a value that is shown
# What pydantic adds to the name of a field that takes one or the other.
UNION_PARTS = ("str", "list[str]", "list[int]", "list[TextPart]")


def what_is_wrong(error: dict) -> tuple[str | None, str]:
    """The field that one of pydantic's errors is about, None where it is the body itself, and a message."""
    place = error["loc"][1:]
    if error["type"] == "json_invalid":  # its place is the number of a character, not a field
        return None, f"the body is no JSON: {error['ctx']['error']} at character {place[0]}"
    if not place:
        return None, "a body that is no JSON object found; one is expected, of Content-Type application/json"
    parts = takewhile(lambda part: part not in UNION_PARTS, place)
    return ".".join(map(str, parts)), message_of(error)


def message_of(error: dict) -> str:
    """What was found and what is expected of a field, in pydantic's words."""
    expected = error["msg"][0].lower() + error["msg"][1:]
    if error["type"] == "missing":  # its input is the whole object that lacks the field
        return f"missing; {expected}"
    return f"{shortened(json.dumps(error['input']), LONGEST_FOUND)} found; {expected}"
