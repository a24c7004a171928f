"""Compute how sound, relevant and whole every method's answers are, where prompts are open text."""

import argparse
import json
from pathlib import Path

from mope.analysis.aggregate import read_methods
from mope.analysis.open_text_soundness import open_text_soundness
from mope.data.tables import read, write_csv
from mope.judging.open_text import measure
from mope.provenance.artifact import write
from mope.runtime.cli import run
from mope.texts.embedding import Embedder

COLUMNS = ["prompt_id", "prompt", "combination", "response", "finish_reason", "seed"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", nargs="+", type=Path, required=True, help="<set>/<method>.parquet")
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: resamples, seed")
    parser.add_argument("--output", type=Path, required=True, help="open_text_soundness.csv")
    args = parser.parse_args()
    responses = read_methods({path: read(path, COLUMNS) for path in args.responses})
    seeds = {"bootstrap": args.settings["seed"]}
    with write(
        args.output, stage="open_text_soundness", params=args.settings, seeds=seeds, inputs=args.responses
    ) as tmp:
        features = measure(list(zip(responses.prompt, responses.response, strict=True)), Embedder())
        write_csv(open_text_soundness(responses, features, **args.settings), tmp)


if __name__ == "__main__":
    run(main)
