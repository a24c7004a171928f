"""The shape of an artifact's record."""

import json


def parse_record(content: bytes) -> dict:
    """The record in these bytes; `ValueError` unless they are JSON and have all that is read from a record."""
    try:
        record = json.loads(content)
    except RecursionError:
        raise ValueError("JSON too deep") from None
    if not _is_record(record):
        raise ValueError("no record of an artifact")
    return record


def _is_record(found: object) -> bool:
    match found:
        case {"stage": str(), "params": dict(), "seeds": dict(), "inputs": dict(inputs), "output": output}:
            digests, began = inputs.values(), found.get("began", 0.0)
            known = all(isinstance(digest, str) for digest in digests) and isinstance(began, int | float)
            return known and _is_fingerprint(output)
    return False


def _is_fingerprint(found: object) -> bool:
    """As `fingerprint` returns it: of a file, or of a folder with those of its files."""
    match found:
        case {"sha256": str(), "bytes": int(), "files": dict(files)}:
            return all(_is_fingerprint(file) and "files" not in file for file in files.values())
        case {"sha256": str(), "bytes": int()}:
            return "files" not in found
    return False
