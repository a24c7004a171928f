"""Sample candidate answers of the base model, on which feedback is collected."""

import argparse
import json
from pathlib import Path

from mope import preferences
from mope.data.tables import read
from mope.provenance.artifact import require, write
from mope.runtime.cli import run
from mope.training.candidates import sample_candidates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--preferences", type=Path, required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: `candidates`, preferences, seed")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    s = args.settings
    active = preferences.load_preferences(args.preferences, s["preferences"])
    prompts = read(args.prompts, ["prompt_id", "prompt"])
    inputs = [args.base, args.prompts, args.preferences]
    with write(args.out, stage="sample_candidates", params=s, seeds={"seed": s["seed"]}, inputs=inputs) as tmp:
        candidates = sample_candidates(
            require(args.base),
            prompts,
            active,
            s["per_prompt"],
            s["temperature"],
            s["max_new_tokens"],
            s["seed"],
            s["precision"],
        )
        candidates.to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
