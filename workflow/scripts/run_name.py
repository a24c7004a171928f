"""Print the name of an experiment's run: its results are in results/<run>."""

import argparse
from pathlib import Path

from mope.config.command_line import parse_change
from mope.config.load import run_name
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment", nargs="?", help="a file of workflow/experiments; default: config.yaml alone")
    parser.add_argument("--config", type=parse_change, help="key=value: a key of the configuration")
    args = parser.parse_args()
    print(run_name(Path("."), args.experiment, args.config))


if __name__ == "__main__":
    run(main)
