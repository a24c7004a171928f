"""Add the result files of a batch service to the judges' cache of answers."""

import argparse
from pathlib import Path

from mope.judging.answer_cache import AnswerCache
from mope.judging.batch_service import store_results
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="SQLite file of answers")
    parser.add_argument("files", nargs="+", type=Path, help="result files as downloaded")
    args = parser.parse_args()
    cache = AnswerCache(args.cache)
    for path in args.files:
        found = store_results(cache, path)
        why = f" ({'; '.join(found.reasons[:3])})" if found.reasons else ""
        print(f"{path}: {found.taken} answers taken, {found.failed} failed and still open{why}")


if __name__ == "__main__":
    run(main)
