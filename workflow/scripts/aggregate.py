"""Compute all tables of win rates, with intervals, from judgments, answers and scores."""

import argparse
import json
from pathlib import Path

import pandas as pd

from mope.analysis.aggregate import AGGREGATED, aggregate, read_judgments, read_methods
from mope.data.tables import write_csv
from mope.provenance.artifact import require, write
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", nargs="+", type=Path, required=True, help="<set>/<judge>/<a>--<b>.parquet")
    parser.add_argument(
        "--responses", nargs="+", type=Path, required=True, help="<set>/<method>.parquet, in table order"
    )
    parser.add_argument("--scores", nargs="+", type=Path, required=True, help="scores/<set>/<method>.parquet")
    parser.add_argument("--settings", type=json.loads, required=True, help="see mope.analysis.aggregate")
    parser.add_argument("--output", type=Path, required=True, help=f"folder of {', '.join(AGGREGATED)}")
    args = parser.parse_args()
    judgments = {path: pd.read_parquet(require(path)) for path in args.judgments}
    responses = {path: pd.read_parquet(require(path)) for path in args.responses}
    scores = {path: pd.read_parquet(require(path)) for path in args.scores}
    read = read_judgments(judgments), read_methods(responses), read_methods(scores)
    tables = aggregate(*read, **args.settings)
    for name, table in tables.items():
        with write(
            args.output / name,
            stage="aggregate",
            params=args.settings,
            seeds={"bootstrap": args.settings["seed"]},
            inputs=[*args.judgments, *args.responses, *args.scores],
        ) as tmp:
            write_csv(table, tmp)


if __name__ == "__main__":
    run(main)
