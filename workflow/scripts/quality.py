"""Measure content, fluency and diversity of every method's answers."""

import argparse
import json
from pathlib import Path

from mope.analysis.aggregate import read_methods
from mope.analysis.quality import quality
from mope.data.tables import read, write_csv
from mope.provenance.artifact import write
from mope.runtime.cli import run
from mope.world.worlds import load

COLUMNS = ["prompt_id", "prompt", "combination", "response", "n_tokens", "finish_reason", "seed"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", nargs="+", type=Path, required=True, help="<set>/<method>.parquet")
    parser.add_argument("--world", type=load, required=True, help="name of the embedded world")
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: resamples, seed")
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    responses = read_methods({path: read(path, COLUMNS) for path in args.responses}).reset_index(drop=True)
    table = quality(args.world, responses, **args.settings)
    params = {"world": args.world.name, **args.settings}
    seeds = {"bootstrap": args.settings["seed"]}
    with write(args.output, stage="quality", params=params, seeds=seeds, inputs=args.responses) as tmp:
        write_csv(table, tmp)


if __name__ == "__main__":
    run(main)
