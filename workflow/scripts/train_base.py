"""Train a small model from scratch on the corpus (supervised fine-tuning): the base, or the body of a controller."""

import argparse
import json
from pathlib import Path

from mope.data.tables import read
from mope.provenance.artifact import require, write
from mope.runtime.cli import checkpoint_option, run, settings_of
from mope.training.base import BaseSettings, train_base
from mope.training.checkpoints import checkpoints


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: the section `base`, and seed")
    parser.add_argument("--tokenizer", type=Path, help="folder of the model whose tokenizer it takes; else its own")
    parser.add_argument("--examples", type=int, help="so many of the corpus; else all")
    parser.add_argument("--out", type=Path, required=True, help="model folder")
    checkpoint_option(parser)
    args = parser.parse_args()
    settings = settings_of(BaseSettings, args.settings)
    records = [
        {"prompt": list(row.prompt), "completion": list(row.completion)}
        for row in read(args.corpus, ["prompt", "completion"])[: args.examples].itertuples()
    ]
    tokenizer = require(args.tokenizer) if args.tokenizer else None
    params = args.settings | ({"examples": args.examples} if args.examples else {})
    record = {"stage": "train_base", "params": params, "seeds": {"seed": settings.seed}}
    inputs = [args.corpus] + ([args.tokenizer] if args.tokenizer else [])
    with (
        checkpoints(args.out, record, inputs, args.checkpoint_minutes) as saved,
        write(args.out, **record, inputs=inputs) as tmp,
    ):
        train_base(records, settings, saved, tmp, tokenizer)


if __name__ == "__main__":
    run(main)
