"""Compare methods at several temperatures: mean rewards, and MoPE's win rates against the others at each."""

import argparse
import json
from pathlib import Path

from mope.analysis.aggregate import read_methods
from mope.analysis.temperatures import rewards_by_temperature, win_rates_by_temperature
from mope.data.tables import read, read_csv, write_csv
from mope.provenance.artifact import require, write
from mope.runtime.cli import run

COLUMNS = ["prompt_id", "combination", "preference", "bt_reward", "seed"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", nargs="+", type=Path, required=True, help="scores/<set>/<method>.parquet")
    parser.add_argument("--win-rates", type=Path, required=True, help="overall_win_rates.csv")
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: rows, resamples, seed")
    parser.add_argument("--rewards-out", type=Path, required=True)
    parser.add_argument("--win-rates-out", type=Path, required=True)
    args = parser.parse_args()
    s = args.settings
    scores = read_methods({path: read(path, COLUMNS) for path in args.scores})
    tables = {
        args.rewards_out: (rewards_by_temperature(scores, **s), args.scores),
        args.win_rates_out: (
            win_rates_by_temperature(read_csv(require(args.win_rates)), s["rows"]),
            [args.win_rates],
        ),
    }
    for path, (table, inputs) in tables.items():
        with write(path, stage="temperatures", params=s, seeds={"bootstrap": s["seed"]}, inputs=inputs) as tmp:
            write_csv(table, tmp)


if __name__ == "__main__":
    run(main)
