"""Collect noisy pairwise feedback on the candidates under one preference."""

import argparse
import json
from pathlib import Path

from mope.data.feedback import annotate
from mope.data.tables import read
from mope.provenance.artifact import write
from mope.runtime.cli import run
from mope.world.formality_annotator import score_in_world
from mope.world.worlds import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=Path, required=True)
    parser.add_argument("--world", type=load, required=True, help="name of the embedded world")
    parser.add_argument("--preference", required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: the section `feedback`, and seed")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    s = args.settings
    candidates = read(args.candidates, ["prompt_id", "prompt", "response"])
    answers = zip(candidates["prompt"], candidates["response"], strict=True)
    candidates["score"] = [
        score_in_world(args.world, prompt, response, args.preference) for prompt, response in answers
    ]
    feedback = annotate(candidates, args.preference, s["pairs"], s["noise"], s["margin"], s["seed"])
    params = {"world": args.world.name, "preference": args.preference, **s}
    inputs = [args.candidates]
    with write(args.out, stage="annotate_feedback", params=params, seeds={"seed": s["seed"]}, inputs=inputs) as tmp:
        feedback.to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
