"""Print the experiments that a study consists of, beside the run of config.yaml itself."""

import argparse
from pathlib import Path

from mope.config.study_files import read_study
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", help="a file of workflow/studies, without .yaml")
    args = parser.parse_args()
    print("\n".join(read_study(Path("."), args.study).experiments))


if __name__ == "__main__":
    run(main)
