"""Judge all pairs of methods on all evaluation sets with an LLM behind a chat-completions server."""

import argparse
import json
import signal
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from mope.analysis.outcomes import check_unparsed
from mope.data.table_paths import judgment_file, methods_of_pair, set_and_method
from mope.errors import MopeError
from mope.judging.answer_cache import AnswerCache
from mope.judging.chat_judge import GO_ON, ChatJudge
from mope.judging.kinds.chat_settings import ChatJudgeSettings, completed
from mope.judging.template_files import load_templates
from mope.judging.verdicts import all_questions, judge_pairs, read_responses
from mope.provenance.artifact import write
from mope.runtime.cli import run, settings_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judge", required=True, help="its name in the configuration")
    parser.add_argument(
        "--responses", nargs="+", type=Path, required=True, help="<set>/<method>.parquet, in table order"
    )
    parser.add_argument("--pairs", nargs="+", type=methods_of_pair, help="<a>--<b>; default: all pairs of methods")
    parser.add_argument(
        "--settings", type=json.loads, required=True, help="JSON: the fields of ChatJudgeSettings, which have defaults"
    )
    parser.add_argument("--max-unparsed", type=float, required=True, help="share of answers without a verdict")
    parser.add_argument("--templates", type=Path, required=True, help="folder of frame.yaml and <preference>.yaml")
    parser.add_argument("--cache", type=Path, required=True, help="SQLite file of answers, kept between runs")
    parser.add_argument("--output", type=Path, required=True, help="folder of <set>/<judge>/<a>--<b>.parquet")
    args = parser.parse_args()
    settings = settings_of(ChatJudgeSettings, completed(args.settings))
    responses = read_responses(args.responses)
    questions = all_questions(responses, args.pairs)
    texts = load_templates(args.templates, sorted({q.preference for q in questions}))
    judge = ChatJudge(settings, texts, AnswerCache(args.cache), args.judge)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, signal.default_int_handler)  # answers under way are kept, as after Ctrl-C
    try:
        print(judge.estimate(questions), flush=True)
        judge.judge(questions)
    except KeyboardInterrupt:
        raise MopeError(f"judge {args.judge}: stopped; {GO_ON}") from None
    tables = {
        (name, a, b): t for name, methods in responses.items() for a, b, t in judge_pairs(judge, methods, args.pairs)
    }
    check_unparsed(pd.concat(tables.values()), args.max_unparsed)
    for (name, a, b), table in tables.items():
        params = asdict(settings) | {"changes": sorted(judge.changes)}
        seeds = {} if settings.seed is None else {"judge": settings.seed}
        record = {"stage": "judge_chat", "params": params, "seeds": seeds}
        inputs = [path for path in args.responses if set_and_method(path) in ((name, a), (name, b))]
        with write(judgment_file(args.output / name / args.judge, a, b), **record, inputs=inputs) as tmp:
            table.to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
