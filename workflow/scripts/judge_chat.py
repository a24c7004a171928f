"""Judge all pairs of methods on one evaluation set with an LLM behind a chat-completions server."""

import argparse
import json
import signal
from pathlib import Path

import pandas as pd

from mope.analysis.outcomes import check_unparsed
from mope.cli import run
from mope.judging import batch, templates
from mope.judging.cache import Cache
from mope.judging.chat import ChatJudge, ChatSettings
from mope.judging.verdicts import all_questions, judge_pairs
from mope.provenance.artifact import require, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--responses", nargs="+", type=Path, required=True, help="<set>/<method>.parquet, in table order"
    )
    parser.add_argument("--settings", type=json.loads, required=True, help="the fields of ChatSettings, max_unparsed")
    parser.add_argument("--templates", type=Path, required=True, help="folder of frame.yaml and <preference>.yaml")
    parser.add_argument("--cache", type=Path, required=True, help="SQLite file of answers, kept between runs")
    parser.add_argument("--output", type=Path, help="folder of the <a>--<b>.parquet; its name is the judge's")
    parser.add_argument("--prepare", type=Path, help="instead write batch request files into this folder")
    parser.add_argument("--collect", nargs="*", type=Path, default=[], help="first take these batch result files in")
    args = parser.parse_args()
    settings = {k: v for k, v in args.settings.items() if k != "max_unparsed"}
    responses = {path.stem: pd.read_parquet(require(path)) for path in args.responses}
    questions = all_questions(responses)
    texts = templates.load(args.templates, sorted({q.preference for q in questions}))
    judge = ChatJudge(ChatSettings(**settings), texts, Cache(args.cache))
    for path in args.collect:
        print(f"{path}: %d answers taken, %d failed" % batch.collect(judge, path))
    print(judge.estimate(questions), flush=True)
    if args.prepare:
        print(*batch.prepare(judge, questions, args.prepare), sep="\n")
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # keep what is under way, as after Ctrl-C
    judge.judge(questions)
    tables = list(judge_pairs(judge, responses))
    check_unparsed(pd.concat(table for _, _, table in tables), args.settings["max_unparsed"])
    for a, b, table in tables:
        inputs = [path for path in args.responses if path.stem in (a, b)]
        target = args.output / f"{a}--{b}.parquet"
        with write(
            target, stage="judge_chat", params=args.settings, seeds={"judge": settings["seed"]}, inputs=inputs
        ) as tmp:
            table.to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
