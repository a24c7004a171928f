"""The papers' claims, each with our figure, its interval and a verdict."""

import argparse
import json
from pathlib import Path

import pandas as pd

from mope.analysis.claims import Tables, claims
from mope.cli import run
from mope.provenance.artifact import require, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--win-rates", type=Path, required=True)
    parser.add_argument("--averages", type=Path, required=True)
    parser.add_argument("--differences", type=Path, required=True)
    parser.add_argument("--judge", required=True, help="the primary judge")
    parser.add_argument("--output", type=Path, required=True, help="claims.json")
    args = parser.parse_args()
    inputs = [args.win_rates, args.averages, args.differences]
    records = claims(Tables(*(pd.read_csv(require(path)) for path in inputs)), args.judge)
    with write(args.output, stage="claims", params={"judge": args.judge}, seeds={}, inputs=inputs) as tmp:
        tmp.write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n")
    for record in records:
        print(f"{record['verdict']:>25}  {record['claim']}")


if __name__ == "__main__":
    run(main)
