"""Hypervolume and mean inner product of the fronts of graded preferences, and the rewards at their points."""

import argparse
import json
from pathlib import Path

from mope.analysis.aggregate import read_methods
from mope.analysis.fronts import front_tables
from mope.data.tables import read
from mope.provenance.artifact import write
from mope.runtime.cli import run

COLUMNS = ["prompt_id", "combination", "preference", "bt_reward", "seed", "point"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", nargs="+", type=Path, required=True, help="<set>/<method>.parquet")
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: methods, step, resamples, seed")
    parser.add_argument("--fronts-out", type=Path, required=True)
    parser.add_argument("--points-out", type=Path, required=True)
    args = parser.parse_args()
    s = args.settings
    tables = front_tables(read_methods({path: read(path, COLUMNS) for path in args.scores}), **s)
    for path, table in zip((args.fronts_out, args.points_out), tables, strict=True):
        with write(path, stage="fronts", params=s, seeds={"bootstrap": s["seed"]}, inputs=args.scores) as tmp:
            table.to_csv(tmp, index=False, float_format="%.6f", lineterminator="\n")


if __name__ == "__main__":
    run(main)
