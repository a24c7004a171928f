"""Judge all pairs of methods on one evaluation set by reward models of another run, or by sequence classifiers."""

import argparse
import json
from pathlib import Path

import pandas as pd

from mope.data.table_paths import by_method, judgment_file, methods_of_pair
from mope.judging.kinds.reward_judge import RewardJudge, check_held_out
from mope.judging.verdicts import judge_pairs, read_responses
from mope.provenance.artifact import require, verified, write
from mope.rewards.reward_model import load_reward_models
from mope.rewards.scoring import score_texts
from mope.runtime.cli import named_path, run
from mope.runtime.shards import WHOLE, Shard
from mope.training.classifier import load_classifiers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--responses", nargs="+", type=Path, required=True, help="<set>/<method>.parquet, in table order"
    )
    parser.add_argument("--base", type=Path, help="base model of the held-out reward models")
    parser.add_argument("--rewards", type=named_path, action="append", help="PREFERENCE=FOLDER")
    parser.add_argument("--feedback", nargs="+", type=Path, default=[], help="what the experts' rewards learnt from")
    parser.add_argument("--classifiers", type=named_path, action="append", help="PREFERENCE=FOLDER, without a base")
    parser.add_argument("--pairs", nargs="+", type=methods_of_pair, help="<a>--<b>; default: all pairs of methods")
    parser.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: dead_band, in units of reward, and precision; for classifiers labels and texts by preference",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder of the <a>--<b>.parquet")
    parser.add_argument("--shard", type=Shard.parse, default=WHOLE, help="0/3: the first of three parts")
    args = parser.parse_args()
    s, folders = args.settings, dict(args.rewards or args.classifiers or [])
    if args.base:
        check_held_out(folders.values(), args.feedback)
        adapters = {name: require(folder) for name, folder in folders.items()}
        models = load_reward_models(require(args.base), adapters, precision=s["precision"])
    else:
        own = {name: verified(folder) for name, folder in folders.items()}
        models = load_classifiers(own, s["labels"], s["texts"], s["precision"])
    ((_, responses),) = read_responses(args.responses, args.shard).items()
    judge = RewardJudge(score_texts(pd.concat(responses.values()), models), s["dead_band"], args.output.name)
    paths = by_method(args.responses)
    for a, b, judgments in judge_pairs(judge, responses, args.pairs):
        inputs = [paths[a], paths[b], *([args.base] if args.base else []), *dict.fromkeys(folders.values())]
        target = judgment_file(args.output, a, b)
        with write(target, stage="judge_reward", params=s, seeds={}, inputs=inputs) as tmp:
            judgments.to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
