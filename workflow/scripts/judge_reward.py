"""Judge all pairs of methods on one evaluation set by the scores of reward models held out from training."""

import argparse
import json
from pathlib import Path

import pandas as pd

from mope.cli import run
from mope.judging.judges import RewardJudge, recorded
from mope.judging.verdicts import judge_pairs
from mope.provenance.artifact import require, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--responses", nargs="+", type=Path, required=True, help="<set>/<method>.parquet, in table order"
    )
    parser.add_argument("--scores", nargs="+", type=Path, required=True, help="the same methods' held-out scores")
    parser.add_argument("--settings", type=json.loads, required=True, help='{"dead_band": 0.0}, in units of reward')
    parser.add_argument("--output", type=Path, required=True, help="folder of the <a>--<b>.parquet")
    args = parser.parse_args()
    responses = {path.stem: pd.read_parquet(require(path)) for path in args.responses}
    scores = {path.stem: pd.read_parquet(require(path)) for path in args.scores}
    judge = RewardJudge(recorded(responses, scores), args.settings["dead_band"])
    for a, b, judgments in judge_pairs(judge, responses):
        inputs = [path for path in (*args.responses, *args.scores) if path.stem in (a, b)]
        with write(
            args.output / f"{a}--{b}.parquet", stage="judge_reward", params=args.settings, seeds={}, inputs=inputs
        ) as tmp:
            judgments.to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
