"""Score a method's answers to the evaluation sets with the reward models of their combinations."""

import argparse
from pathlib import Path

from mope.data.tables import read
from mope.provenance.artifact import require, write
from mope.rewards.reward_model import load_reward_models
from mope.rewards.scoring import score_responses
from mope.runtime.cli import named_path, run
from mope.runtime.precision import PRECISIONS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--responses", type=named_path, action="append", required=True, help="SET=FILE")
    parser.add_argument("--rewards", type=named_path, action="append", required=True, help="PREFERENCE=FOLDER")
    parser.add_argument("--reference", type=named_path, action="append", required=True, help="SET=FILE")
    parser.add_argument("--out", type=named_path, action="append", required=True, help="SET=FILE")
    parser.add_argument("--precision", choices=PRECISIONS, required=True)
    args = parser.parse_args()
    rewards, references, answers = dict(args.rewards), dict(args.reference), dict(args.responses)
    models = load_reward_models(
        require(args.base), {name: require(folder) for name, folder in rewards.items()}, precision=args.precision
    )
    for name, out in args.out:
        responses = read(answers[name], ["prompt_id", "prompt", "combination", "response", "seed"])
        reference = read(references[name], ["prompt_id", "prompt", "response"])
        inputs = [args.base, answers[name], *rewards.values(), references[name]]
        with write(out, stage="score", params={"precision": args.precision}, seeds={}, inputs=inputs) as tmp:
            score_responses(responses, reference, models).to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
