"""Write the page of a human study and its key (which the raters must not see)."""

import argparse
import json
from pathlib import Path

import pandas as pd

from mope.cli import run
from mope.judging.human_study import draw, page
from mope.preferences import load
from mope.provenance.artifact import require, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", nargs="+", type=Path, required=True, help="<set>/<method>.parquet of one set")
    parser.add_argument("--preferences", type=Path, required=True, help="preferences.yaml")
    parser.add_argument("--settings", type=json.loads, required=True, help="active, focus, rivals, pairs, seed")
    parser.add_argument("--page", type=Path, required=True, help="HTML file for the raters")
    parser.add_argument("--key", type=Path, required=True, help="CSV file that tells which answer is whose")
    args = parser.parse_args()
    s = args.settings
    responses = {path.stem: pd.read_parquet(require(path)) for path in args.responses}
    texts = load(args.preferences, s["active"]).texts
    items, key = draw(responses, s["focus"], s["rivals"], s["pairs"], texts, s["seed"])
    about = {"stage": "human_study", "params": s, "seeds": {"study": s["seed"]}, "inputs": args.responses}
    with write(args.key, **about) as tmp:
        key.to_csv(tmp, index=False, lineterminator="\n")
    with write(args.page, **about) as tmp:
        tmp.write_text(page(items, f"{args.responses[0].parent.name}-{s['seed']}"))


if __name__ == "__main__":
    run(main)
