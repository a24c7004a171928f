"""Refuses models that bring Python code of their own: no code from a model's folder is ever run.

Every loading call also says `trust_remote_code=False`; else the libraries would ask on standard input whether to run
the code. Standard library only, for the Snakefile.
"""

import json
from pathlib import Path

from mope.errors import MopeError

ASKED_FOR = "auto_map"  # the key by which a JSON file of a model names classes of the model's own code


def check_no_code(folder: Path, origin: str) -> None:
    """`MopeError`, which begins with `origin`, if the model in `folder` has Python files or a JSON file names some."""
    found = next((f"{file.name} found" for file in sorted(folder.rglob("*.py"))), None)
    for file in sorted(folder.glob("*.json")):
        if found is None and _asks(file):
            found = f"{file.name} has {ASKED_FOR}"
    if found:
        right = f"a model that needs none, or a copy without {ASKED_FOR} and *.py if transformers knows its model_type"
        raise MopeError(f"{origin}: {found}; a model's own code is never run here, {right}, is expected")


def _asks(file: Path) -> bool:
    """Whether a JSON file has the key at its top level; False for an invalid file, which its reader reports."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and ASKED_FOR in content
