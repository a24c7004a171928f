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
    parser.add_argument("--only", nargs="+", default=[], help="files and folders of the run; default: all")
    args = parser.parse_args()
    found = verify(args.run, args.only)
    for fault in found:
        print(fault.problem, file=sys.stderr)
    if any(fault.listed for fault in found):
        raise MopeError(f"{args.run}: {len(found)} problems found; `make repair` makes the named files anew")
    if found:
        raise MopeError(f"{args.run}: {len(found)} files found that are none of this run; delete or move them")
    if not args.only:
        print(f"{args.run}: all files are as they were written")


if __name__ == "__main__":
    run(main)
