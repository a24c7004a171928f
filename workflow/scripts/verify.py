"""Compare every artifact of a run with its record and with the manifest; name those that differ."""

import argparse
import sys
from pathlib import Path

from mope.errors import MopeError
from mope.provenance.manifest import verify
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run, e.g. results/laptop")
    args = parser.parse_args()
    problems = verify(args.run)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        raise MopeError(
            f"{args.run}: {len(problems)} problems found; delete the named files and run the workflow again"
        )
    print(f"{args.run}: all files are as they were written")


if __name__ == "__main__":
    run(main)
