"""Compute how far the judges' scores of answers agree with the annotator's."""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from mope.analysis.aggregate import read_methods
from mope.analysis.annotator_agreement import annotator_agreement
from mope.data.tables import read, write_csv
from mope.judging.text_judge import scorer_of
from mope.open_text import open_text_annotator as open_text
from mope.preferences import members_of
from mope.provenance.artifact import write
from mope.runtime.cli import run
from mope.texts.embedding import Embedder
from mope.world.formality_annotator import score_in_world
from mope.world.worlds import World, load

COLUMNS = ["prompt_id", "prompt", "combination", "response", "seed"]


def annotated(answers: pd.DataFrame, annotator: str, world: World) -> np.ndarray:
    """The annotator's score, without errors, of each answer under its preference: (answers,) float64."""
    texts = answers[["prompt", "response", "preference"]]
    if annotator == "world":
        return np.array([score_in_world(world, *text) for text in texts.itertuples(index=False)])
    found, embed = np.empty(len(answers)), Embedder()
    for preference, own in texts.reset_index(drop=True).groupby("preference"):
        found[own.index] = open_text.annotator_scores(list(own["prompt"]), list(own["response"]), preference, embed)
    return found


def scored(responses: pd.DataFrame, annotator: str, world: World, judges: dict[str, str]) -> pd.DataFrame:
    """Each answer under each preference it was asked for: the annotator's score and each judge's."""
    each = responses.assign(preference=responses["combination"].map(members_of))
    each = each.explode("preference", ignore_index=True)
    texts = list(zip(each["prompt"], each["response"], each["preference"], strict=True))
    table = each[["preference", "prompt_id"]].assign(annotator=annotated(each, annotator, world))
    own = [table.assign(judge_name=name, judge=scorer_of(world, kind)(texts)) for name, kind in judges.items()]
    return pd.concat(own).sort_values("preference", kind="stable")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", nargs="+", type=Path, required=True, help="<set>/<method>.parquet")
    parser.add_argument("--annotator", choices=("world", "open_text"), required=True, help="of the training feedback")
    parser.add_argument("--world", type=load, required=True, help="name of the embedded world")
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: judges (name: kind), resamples, seed")
    parser.add_argument("--output", type=Path, required=True, help="annotator_agreement.csv")
    args = parser.parse_args()
    settings = dict(args.settings)
    responses = read_methods({path: read(path, COLUMNS) for path in args.responses})
    table = annotator_agreement(scored(responses, args.annotator, args.world, settings.pop("judges")), **settings)
    params = {"annotator": args.annotator, "world": args.world.name, **args.settings}
    seeds = {"bootstrap": settings["seed"]}
    with write(args.output, stage="annotator_agreement", params=params, seeds=seeds, inputs=args.responses) as tmp:
        write_csv(table, tmp)


if __name__ == "__main__":
    run(main)
