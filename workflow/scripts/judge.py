"""Judge all pairs of methods on one evaluation set, both orders, with a judge that needs no model."""

import argparse
import json
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from mope.cli import run
from mope.judging.judges import RubricJudge
from mope.judging.verdicts import judge_pairs
from mope.provenance.artifact import require, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--responses", nargs="+", type=Path, required=True, help="<set>/<method>.parquet, in table order"
    )
    parser.add_argument("--settings", type=json.loads, required=True, help='{"dead_band": 0.05}')
    parser.add_argument("--output", type=Path, required=True, help="folder of the <a>--<b>.parquet")
    args = parser.parse_args()
    judge = RubricJudge(args.settings["dead_band"])
    responses = {path.stem: pd.read_parquet(require(path)) for path in args.responses}
    paths = {path.stem: path for path in args.responses}
    pairs = len(responses) * (len(responses) - 1) // 2
    for a, b, judgments in tqdm(judge_pairs(judge, responses), total=pairs, unit="pair", desc=args.output.parent.name):
        target = args.output / f"{a}--{b}.parquet"
        with write(target, stage="judge", params=args.settings, seeds={}, inputs=[paths[a], paths[b]]) as tmp:
            judgments.to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
