"""Make the artifacts of a run that differ from their records anew, each by its own job, and nothing else."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from mope.errors import MopeError
from mope.provenance.repair import repair
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run, e.g. results/laptop")
    parser.add_argument("snakemake", nargs=argparse.REMAINDER, help="Snakemake's command, without files to make")
    args = parser.parse_args()

    def make(paths: Sequence[Path]) -> None:
        names = [path.as_posix() for path in paths]
        print(f"to be made anew: {', '.join(names)}", flush=True)
        if subprocess.run([*args.snakemake, "--", *names]).returncode:
            reason = "made by another experiment? Then its own `make repair EXPERIMENT=...` makes them"
            raise MopeError(f"{', '.join(names)}: not made anew, see above ({reason})")

    left = repair(args.run, make)
    for fault in left:
        print(fault.problem, file=sys.stderr)
    if left:
        advice = "`make results` makes what follows from artifacts that came out otherwise; delete what no run has made"
        raise MopeError(
            f"{args.run}: {len(left)} artifacts differ from their record or {args.run}/manifest.json; {advice}"
        )
    print(f"{args.run}: all files are as they were written")


if __name__ == "__main__":
    run(main)
