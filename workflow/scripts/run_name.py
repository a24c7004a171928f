"""Print the name of an experiment's run: its results are in results/<run>."""

import argparse
from pathlib import Path

from mope.config.load import run_name
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment", nargs="?", help="a file of workflow/experiments; default: config.yaml alone")
    args = parser.parse_args()
    print(run_name(Path("."), args.experiment))


if __name__ == "__main__":
    run(main)
