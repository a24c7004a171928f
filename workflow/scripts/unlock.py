"""Remove the lock that a killed run has left, so that the next run can begin; not while a run is alive here."""

import sys
from pathlib import Path

from mope.runtime.cli import run
from mope.runtime.run_lock import unlock


def main() -> None:
    if unlock(Path()):
        print("an earlier run was killed: its lock is removed, and what it had finished stays", file=sys.stderr)


if __name__ == "__main__":
    run(main)
