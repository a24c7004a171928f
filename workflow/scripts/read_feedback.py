"""Draw the pairs of one preference from a user's own feedback."""

import argparse
import json
from pathlib import Path

import pandas as pd

from mope.data.feedback_file import FEEDBACK_KEYS, drawn_pairs
from mope.provenance.artifact import write
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, required=True, help="prompt, chosen, rejected: JSON, CSV or Parquet")
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: pairs, seed")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    s = args.settings
    with write(args.out, stage="read_feedback", params=s, seeds={"seed": s["seed"]}, inputs=[args.file]) as tmp:
        pairs = drawn_pairs(args.file, s["pairs"], s["seed"])
        pd.DataFrame(pairs, columns=["prompt_id", *FEEDBACK_KEYS]).to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
