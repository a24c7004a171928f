"""Compute the mean Bradley-Terry reward of every method on every set, and within combinations and preferences."""

import argparse
from pathlib import Path

from mope.analysis.aggregate import read_methods
from mope.analysis.mean_rewards import mean_rewards, rewards_by_cell
from mope.data.tables import read, write_csv
from mope.provenance.artifact import write
from mope.runtime.cli import run

COLUMNS = ["prompt_id", "combination", "preference", "bt_reward", "seed"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", nargs="+", type=Path, required=True, help="scores/<set>/<method>.parquet")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--cells", type=Path, required=True)
    args = parser.parse_args()
    scores = read_methods({path: read(path, COLUMNS) for path in args.scores})
    for path, make in ((args.output, mean_rewards), (args.cells, rewards_by_cell)):
        with write(path, stage="mean_rewards", params={}, seeds={}, inputs=args.scores) as tmp:
            write_csv(make(scores), tmp)


if __name__ == "__main__":
    run(main)
