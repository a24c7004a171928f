"""Write the open calls of a chat judge as OpenAI Batch API files, and say what they would cost."""

import argparse
import json
from pathlib import Path

from mope.data.table_paths import methods_of_pair
from mope.judging import batch_service as batch
from mope.judging.answer_cache import AnswerCache
from mope.judging.chat_judge import ChatJudge
from mope.judging.kinds.chat_settings import ChatJudgeSettings, completed
from mope.judging.template_files import load_templates
from mope.judging.verdicts import all_questions, read_responses
from mope.provenance.artifact import write
from mope.runtime.cli import run, settings_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", nargs="+", type=Path, required=True, help="<set>/<method>.parquet")
    parser.add_argument("--pairs", nargs="+", type=methods_of_pair, help="<a>--<b>; default: all pairs of methods")
    parser.add_argument(
        "--settings", type=json.loads, required=True, help="JSON: the fields of ChatJudgeSettings, which have defaults"
    )
    parser.add_argument("--templates", type=Path, required=True, help="folder of frame.yaml and <preference>.yaml")
    parser.add_argument("--cache", type=Path, required=True, help="SQLite file of the answers that are there")
    parser.add_argument("--output", type=Path, required=True, help="folder of the files; its name is the judge's")
    args = parser.parse_args()
    questions = all_questions(read_responses(args.responses), args.pairs)
    texts = load_templates(args.templates, sorted({q.preference for q in questions}))
    judge = ChatJudge(
        settings_of(ChatJudgeSettings, completed(args.settings)), texts, AnswerCache(args.cache), args.output.name
    )
    print(judge.estimate(questions))
    with write(args.output, stage="prepare_batch", params=args.settings, seeds={}, inputs=args.responses) as tmp:
        names = [path.name for path in batch.prepare(judge, questions, tmp)]
    print(*(args.output / name for name in names), sep="\n")


if __name__ == "__main__":
    run(main)
