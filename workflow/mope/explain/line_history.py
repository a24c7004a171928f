"""Lines typed in the terminal, which come back by the arrow keys, also in a later session."""

import atexit
import os
import readline
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

MOST_LINES = 1000


def history_file(environment: Mapping[str, str] = os.environ) -> Path:
    """The file of remembered lines, in the folder that the XDG base directories name for such state."""
    state = environment.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(state) / "mope/chat_history"


def keep_lines(file: Path) -> None:
    """Let `input` edit lines and remember them, and keep the last ones in `file`, where it can be written."""
    readline.set_history_length(MOST_LINES)
    with suppress(OSError):
        readline.read_history_file(file)

    def save() -> None:
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(file)

    atexit.register(save)
