"""Writes the records of a benchmark as JSON."""

import json
from collections.abc import Iterable
from pathlib import Path


def write_records(records: Iterable[dict], path: Path) -> None:
    """Print each record as it is measured; at the end write all to `path` as a JSON list, one record a line."""
    lines = []
    for record in records:
        lines.append(json.dumps(record))
        print(lines[-1], flush=True)
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")
