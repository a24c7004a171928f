"""How far the judges' scores are the annotator's, and how well the tone classifier knows its tones."""

import argparse
import json
from pathlib import Path

import pandas as pd

from mope.analysis.aggregate import read_methods
from mope.analysis.annotator_agreement import annotator_agreement
from mope.data.tables import read
from mope.judging.text_judge import scorer_of
from mope.judging.tone import accuracy_table
from mope.provenance.artifact import write
from mope.runtime.cli import run
from mope.world.annotator import annotator_score
from mope.world.worlds import World, load

COLUMNS = ["prompt_id", "prompt", "combination", "response", "seed"]


def scored(world: World, responses: pd.DataFrame, judges: dict[str, str]) -> pd.DataFrame:
    """Each answer under each preference it was asked for: the annotator's score without errors, and each judge's."""
    each = responses.assign(preference=responses["combination"].str.split("-")).explode("preference", ignore_index=True)
    texts = list(zip(each["prompt"], each["response"], each["preference"], strict=True))
    table = each[["preference", "prompt_id"]].assign(annotator=[annotator_score(world, *text) for text in texts])
    own = [table.assign(judge_name=name, judge=scorer_of(world, kind)(texts)) for name, kind in judges.items()]
    return pd.concat(own).sort_values("preference", kind="stable")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", nargs="+", type=Path, required=True, help="<set>/<method>.parquet")
    parser.add_argument("--world", type=load, required=True, help="name of the embedded world")
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: judges (name: kind), resamples, seed")
    parser.add_argument("--output", type=Path, required=True, help="annotator_agreement.csv")
    parser.add_argument("--tones", type=Path, required=True, help="tone_classifier.csv")
    args = parser.parse_args()
    settings = dict(args.settings)
    responses = read_methods({path: read(path, COLUMNS) for path in args.responses})
    values = scored(args.world, responses, settings.pop("judges"))
    tables = {args.output: annotator_agreement(values, **settings), args.tones: accuracy_table(args.world)}
    params, seeds = {"world": args.world.name, **args.settings}, {"bootstrap": settings["seed"]}
    for path, table in tables.items():
        with write(path, stage="annotator_agreement", params=params, seeds=seeds, inputs=args.responses) as tmp:
            table.to_csv(tmp, index=False, float_format="%.6f", lineterminator="\n")


if __name__ == "__main__":
    run(main)
