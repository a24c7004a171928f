"""Write one set of prompts: training, or one of the evaluation sets."""

import argparse
import json
from pathlib import Path

from mope.data.prompts import file_prompts, world_prompts
from mope.data.tables import read
from mope.provenance.artifact import write
from mope.runtime.cli import run
from mope.world.worlds import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", required=True, help="name of the set")
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: source, prompts, draw, longest, seed")
    parser.add_argument("--world", type=load, help="name of the embedded world, if the source is world")
    parser.add_argument("--file", type=Path, help="where the prompts are read, if the source is another")
    parser.add_argument("--train", type=Path, help="training prompts, which are not taken again")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    s = args.settings
    taken = set(read(args.train, ["prompt"]).prompt) if args.train else set()
    if s["source"] == "world":
        prompts, inputs = world_prompts(args.world, args.set, s["prompts"], s["seed"]), []
    else:
        chosen = s["prompts"], s["draw"], s["longest"], s["seed"], taken, s.get("skip", 0)
        prompts, inputs = file_prompts(args.file, *chosen), [args.file]
    inputs += [args.train] if args.train else []
    params = {"world": args.world.name, **s} if args.world else s
    with write(args.out, stage="prepare_prompts", params=params, seeds={"seed": s["seed"]}, inputs=inputs) as tmp:
        prompts.to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
