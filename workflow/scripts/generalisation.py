"""What controllers keep on combinations, or with experts, that they were not trained with."""

import argparse
import json
from pathlib import Path

from mope.analysis.aggregate import read_methods
from mope.analysis.generalisation import generalisation
from mope.data.tables import read
from mope.provenance.artifact import write
from mope.runtime.cli import run

COLUMNS = ["prompt_id", "combination", "preference", "bt_reward", "seed"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", nargs="+", type=Path, required=True, help="scores/<set>/<method>.parquet")
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: partial, resamples, seed")
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    scores = read_methods({path: read(path, COLUMNS) for path in args.scores})
    seeds = {"bootstrap": args.settings["seed"]}
    with write(args.output, stage="generalisation", params=args.settings, seeds=seeds, inputs=args.scores) as tmp:
        table = generalisation(scores, **args.settings)
        table.to_csv(tmp, index=False, float_format="%.6f", lineterminator="\n")


if __name__ == "__main__":
    run(main)
