"""Write the numbers of results/reference into the README."""

import argparse
from pathlib import Path

from mope.report.readme import blocks, fill
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--readme", type=Path, required=True)
    args = parser.parse_args()
    args.readme.write_text(fill(args.readme.read_text(), blocks(args.reference)))


if __name__ == "__main__":
    run(main)
