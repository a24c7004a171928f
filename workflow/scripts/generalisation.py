"""What controllers keep on combinations, or with experts, that they were not trained with."""

import argparse
import json
from pathlib import Path

import pandas as pd

from mope.analysis.aggregate import read_judgments, read_methods
from mope.analysis.generalisation import generalisation
from mope.data.tables import read, write_csv
from mope.provenance.artifact import require, write
from mope.runtime.cli import run

COLUMNS = ["prompt_id", "combination", "preference", "bt_reward", "seed"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", nargs="+", type=Path, required=True, help="scores/<set>/<method>.parquet")
    parser.add_argument("--judgments", nargs="+", type=Path, required=True, help="of one judge, on pairs of `partial`")
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: partial, resamples, seed")
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    scores = read_methods({path: read(path, COLUMNS) for path in args.scores})
    judgments = read_judgments({path: pd.read_parquet(require(path)) for path in args.judgments})
    inputs = [*args.scores, *args.judgments]
    seeds = {"bootstrap": args.settings["seed"]}
    with write(args.output, stage="generalisation", params=args.settings, seeds=seeds, inputs=inputs) as tmp:
        table = generalisation(scores, judgments, **args.settings)
        write_csv(table, tmp)


if __name__ == "__main__":
    run(main)
