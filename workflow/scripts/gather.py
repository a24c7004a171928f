"""Join the parts that the shards of a stage have written into the tables that a single job would write."""

import argparse
from pathlib import Path

from mope.analysis.shard_tables import GATHER, shared_record
from mope.data.tables import read
from mope.provenance.artifact import write
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--parts", nargs="+", type=Path, required=True, help="folders with the same paths below them")
    parser.add_argument("--out", nargs="+", type=Path, required=True, help="tables, below the folder of the run")
    args = parser.parse_args()
    for out in args.out:
        name = out.relative_to(args.run)
        parts = [folder / name for folder in args.parts]
        with write(out, **shared_record(parts)) as tmp:
            GATHER[name.parts[0]]([read(part, ["prompt_id"]) for part in parts]).to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
