"""Write the supervised text of an embedded world on which the base model is trained."""

import argparse
import json
from pathlib import Path

import pandas as pd

from mope import preferences
from mope.provenance.artifact import write
from mope.runtime.cli import run
from mope.world.corpus import corpus
from mope.world.worlds import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--settings", type=json.loads, required=True, help="JSON: corpus, follow_rate, preferences, seed"
    )
    parser.add_argument("--world", type=load, required=True, help="name of the embedded world")
    parser.add_argument("--preferences", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    s = args.settings
    known = preferences.load_preferences(args.preferences, s["preferences"])
    records = corpus(args.world, s["corpus"], s["seed"], s["follow_rate"], known)
    params, seeds = {"world": args.world.name, **s}, {"seed": s["seed"]}
    with write(args.out, stage="write_corpus", params=params, seeds=seeds, inputs=[args.preferences]) as tmp:
        pd.DataFrame(records).to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
