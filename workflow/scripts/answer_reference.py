"""Write the reference answers y_ref: the base model's answers to the plain prompts, or to those with preferences."""

import argparse
import json
from pathlib import Path

from mope import preferences
from mope.data.tables import read
from mope.provenance.artifact import require, write
from mope.rewards.reference import reference_answers
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--preferences", type=Path, help="answer under every combination of the --active ids")
    parser.add_argument("--active", nargs="+", default=[])
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: max_new_tokens, temperature, seed")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    s, inputs = args.settings, [args.base, args.prompts, *([args.preferences] if args.preferences else [])]
    active = preferences.load_preferences(args.preferences, args.active) if args.preferences else None
    prompts = read(args.prompts, ["prompt_id", "prompt"])
    with write(args.out, stage="answer_reference", params=s, seeds={"seed": s["seed"]}, inputs=inputs) as tmp:
        base, limits = require(args.base), (s["temperature"], s["max_new_tokens"], s["seed"])
        reference_answers(base, prompts, *limits, active, s["precision"]).to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
