"""Judge all pairs of methods on one evaluation set, both orders, by a score of each text."""

import argparse
import json
from itertools import combinations
from pathlib import Path

from tqdm import tqdm

from mope.data.table_paths import by_method, judgment_file, methods_of_pair
from mope.judging.text_judge import TextJudge
from mope.judging.verdicts import judge_pairs, read_responses
from mope.provenance.artifact import write
from mope.runtime.cli import run
from mope.runtime.shards import WHOLE, Shard
from mope.world.worlds import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--responses", nargs="+", type=Path, required=True, help="<set>/<method>.parquet, in table order"
    )
    parser.add_argument("--pairs", nargs="+", type=methods_of_pair, help="<a>--<b>; default: all pairs of methods")
    parser.add_argument("--world", type=load, required=True, help="name of the embedded world")
    parser.add_argument("--kind", required=True, help="one of stage judge_text of mope.judging.judge_table")
    parser.add_argument("--settings", type=json.loads, required=True, help='{"dead_band": 0.05}')
    parser.add_argument("--output", type=Path, required=True, help="folder of the <a>--<b>.parquet")
    parser.add_argument("--shard", type=Shard.parse, default=WHOLE, help="0/3: the first of three parts")
    args = parser.parse_args()
    judge = TextJudge(args.world, args.kind, args.settings["dead_band"], args.output.name)
    params = {"world": args.world.name, "kind": args.kind, **args.settings}
    ((name, responses),) = read_responses(args.responses, args.shard).items()
    paths = by_method(args.responses)
    pairs = args.pairs or list(combinations(responses, 2))
    for a, b, judgments in tqdm(judge_pairs(judge, responses, pairs), total=len(pairs), unit="pair", desc=name):
        target = judgment_file(args.output, a, b)
        with write(target, stage="judge_text", params=params, seeds={}, inputs=[paths[a], paths[b]]) as tmp:
            judgments.to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
