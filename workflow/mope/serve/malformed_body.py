"""What is said of a body that is no question: the field that is wrong, and why."""

from itertools import takewhile

# What pydantic adds to the name of a field that takes one or the other.
UNION_PARTS = ("str", "list[str]", "list[int]", "list[TextPart]")


def what_is_wrong(error: dict) -> tuple[str | None, str]:
    """The field that one of pydantic's errors is about, None where it is the body itself, and a message."""
    place = error["loc"][1:]
    if error["type"] == "json_invalid":  # whose place is that of a character
        return None, f"the body is no JSON: {error['ctx']['error']} at character {place[0]}"
    if not place:
        return None, "a body that is no JSON object found; one is expected, of Content-Type application/json"
    parts = takewhile(lambda part: part not in UNION_PARTS, place)
    return ".".join(map(str, parts)), error["msg"]
