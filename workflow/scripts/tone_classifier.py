"""Measure how accurately the truth judge's classifier tells tones apart."""

import argparse
from pathlib import Path

from mope.data.tables import write_csv
from mope.judging.tone import accuracy_table
from mope.provenance.artifact import write
from mope.runtime.cli import run
from mope.world.worlds import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=load, required=True, help="name of the embedded world")
    parser.add_argument("--output", type=Path, required=True, help="tone_classifier.csv")
    args = parser.parse_args()
    params = {"world": args.world.name}
    with write(args.output, stage="tone_classifier", params=params, seeds={}, inputs=[]) as tmp:
        write_csv(accuracy_table(args.world), tmp)


if __name__ == "__main__":
    run(main)
