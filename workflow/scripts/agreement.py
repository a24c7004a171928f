"""Compute how far the judges agree with the reward models' scores and with each other."""

import argparse
from pathlib import Path

import pandas as pd

from mope.analysis.aggregate import agreements, read_judgments, read_methods
from mope.data.tables import write_csv
from mope.provenance.artifact import require, write
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", nargs="+", type=Path, required=True, help="<set>/<judge>/<a>--<b>.parquet")
    parser.add_argument("--scores", nargs="+", type=Path, required=True, help="<set>/<method>.parquet")
    parser.add_argument("--output", type=Path, required=True, help="agreement.csv")
    args = parser.parse_args()
    judgments = read_judgments({path: pd.read_parquet(require(path)) for path in args.judgments})
    scores = read_methods({path: pd.read_parquet(require(path)) for path in args.scores})
    table = agreements(judgments, scores)
    with write(args.output, stage="agreement", params={}, seeds={}, inputs=[*args.judgments, *args.scores]) as tmp:
        write_csv(table, tmp)


if __name__ == "__main__":
    run(main)
