"""Read the raters' CSV files of a human study back: win rates, tests, agreement among them and with the judges."""

import argparse
from pathlib import Path

import pandas as pd

from mope.analysis.aggregate import read_judgments
from mope.analysis.human_results import judge_agreement, results
from mope.analysis.outcomes import gather
from mope.data.tables import read_csv, write_csv
from mope.judging.human_study import read_ratings
from mope.provenance.artifact import require, write
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ratings", nargs="+", type=Path, required=True, help="the files that the raters sent back")
    parser.add_argument("--key", type=Path, required=True, help="the study's key")
    parser.add_argument("--judgments", nargs="+", type=Path, required=True, help="<set>/<judge>/<a>--<b>.parquet")
    parser.add_argument("--focus", required=True, help="the method that every pair holds")
    parser.add_argument("--output", type=Path, required=True, help="folder of human_study.csv, human_agreement.csv")
    args = parser.parse_args()
    key = read_csv(require(args.key))
    ratings = read_ratings(args.ratings, key)
    judged = read_judgments({path: pd.read_parquet(require(path)) for path in args.judgments})
    gathered = pd.concat([gather(pairs).assign(judge=judge) for (_, judge), pairs in judged.items()])
    tables = {
        "human_study.csv": results(ratings, key, args.focus),
        "human_agreement.csv": judge_agreement(ratings, key, args.focus, gathered),
    }
    inputs = [*args.ratings, args.key, *args.judgments]
    for name, table in tables.items():
        with write(
            args.output / name, stage="human_results", params={"focus": args.focus}, seeds={}, inputs=inputs
        ) as tmp:
            write_csv(table, tmp)


if __name__ == "__main__":
    run(main)
