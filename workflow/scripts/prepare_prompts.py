"""Write one set of prompts: training, or one of the evaluation sets."""

import argparse
import json
from pathlib import Path

from mope.data.prompts import file_prompts, world_prompts
from mope.data.tables import read
from mope.provenance.artifact import write
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", required=True, help="name of the set")
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: source, prompts, draw, longest, seed")
    parser.add_argument("--file", type=Path, help="where the prompts are read, unless the source is the embedded world")
    parser.add_argument("--train", type=Path, help="training prompts, which are not taken again")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    s = args.settings
    taken = set(read(args.train, ["prompt"]).prompt) if args.train else set()
    if s["source"] == "world":
        prompts, inputs = world_prompts(args.set, s["prompts"], s["seed"]), []
    else:
        prompts, inputs = file_prompts(args.file, s["prompts"], s["draw"], s["longest"], s["seed"], taken), [args.file]
    inputs += [args.train] if args.train else []
    with write(args.out, stage="prepare_prompts", params=s, seeds={"seed": s["seed"]}, inputs=inputs) as tmp:
        prompts.to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
