"""Collect noisy pairwise feedback on any candidates, under every preference, from the annotator of open text."""

import argparse
import json
from pathlib import Path

from tqdm import tqdm

from mope.data.feedback import annotate
from mope.data.tables import read
from mope.open_text.open_text_annotator import annotator_scores
from mope.provenance.artifact import write
from mope.runtime.cli import run
from mope.texts.embedding import Embedder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=Path, required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: the section `feedback`, and seed")
    parser.add_argument("--out", nargs="+", type=Path, required=True, help="<preference>.parquet of each preference")
    args = parser.parse_args()
    s, embed = args.settings, Embedder()
    candidates = read(args.candidates, ["prompt_id", "prompt", "response"])
    prompts, responses = list(candidates["prompt"]), list(candidates["response"])
    for path in tqdm(args.out, unit="preference"):
        candidates["score"] = annotator_scores(prompts, responses, path.stem, embed)
        feedback = annotate(candidates, path.stem, s["pairs"], s["noise"], s["margin"], s["seed"])
        record = {"params": {"preference": path.stem, **s}, "seeds": {"seed": s["seed"]}, "inputs": [args.candidates]}
        with write(path, stage="annotate_open_text", **record) as tmp:
            feedback.to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
