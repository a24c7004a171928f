"""Check the papers' claims: each with our figure, its interval and a verdict."""

import argparse
import json
from dataclasses import fields
from pathlib import Path

import pandas as pd

from mope.analysis.claims import claims
from mope.analysis.findings import Tables
from mope.data.tables import read_csv
from mope.provenance.artifact import require, write
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--win-rates", type=Path, required=True)
    parser.add_argument("--averages", type=Path, required=True)
    parser.add_argument("--differences", type=Path, required=True)
    parser.add_argument("--correctness", type=Path, help="correctness.csv")
    parser.add_argument("--generalisation", type=Path, help="generalisation.csv")
    parser.add_argument("--human", type=Path, help="human_study.csv")
    parser.add_argument("--decoding", type=Path, help="benchmarks/decoding.json")
    parser.add_argument("--reward_models", type=Path, help="reward_models.csv")
    parser.add_argument("--expert_distances", type=Path, help="expert_distances.csv")
    parser.add_argument("--judge", required=True, help="the primary judge")
    parser.add_argument("--output", type=Path, required=True, help="claims.json")
    args = parser.parse_args()
    paths = {f.name: getattr(args, f.name) for f in fields(Tables) if getattr(args, f.name) is not None}
    tables = {
        name: pd.read_json(require(path)) if path.suffix == ".json" else read_csv(require(path))
        for name, path in paths.items()
    }
    records, inputs = claims(Tables(**tables), args.judge), list(paths.values())
    with write(args.output, stage="claims", params={"judge": args.judge}, seeds={}, inputs=inputs) as tmp:
        tmp.write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n")
    for record in records:
        print(f"{record['verdict']:>25}  {record['claim']}")


if __name__ == "__main__":
    run(main)
