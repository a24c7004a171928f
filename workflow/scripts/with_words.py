"""Run a command with further words, which a user has written as one text; quotes hold words together, as in a shell."""

import os
import shlex
import sys
from pathlib import Path

from mope.errors import MopeError
from mope.runtime.cli import run


def main() -> None:
    name, text, *command = sys.argv[1:]
    try:
        further = [text] if Path(text).is_file() else shlex.split(text)
    except (OSError, ValueError) as error:
        raise MopeError(f"{name}: {error}; words are expected, those with spaces in quotes") from None
    os.execvp(command[0], [*command, *further])


if __name__ == "__main__":
    run(main)
