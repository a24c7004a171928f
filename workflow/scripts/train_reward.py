"""Train the reward model of one preference; fail when its held-out accuracy is below `min_accuracy`."""

import argparse
import json
from pathlib import Path

from mope.data.tables import read
from mope.provenance.artifact import require, write
from mope.runtime.cli import checkpoint_option, run, settings_of
from mope.training.checkpoints import checkpoints
from mope.training.devices import init_distributed
from mope.training.reward import RewardSettings, check_accuracy, train_reward


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--feedback", type=Path, required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: the section `reward`, and seed")
    parser.add_argument("--out", type=Path, required=True, help="adapter folder")
    parser.add_argument("--metrics", type=Path, required=True)
    checkpoint_option(parser)
    args = parser.parse_args()
    init_distributed()
    settings = settings_of(RewardSettings, args.settings)
    feedback = read(args.feedback, ["prompt_id", "prompt", "chosen", "rejected"])
    record = {"stage": "train_reward", "params": args.settings, "seeds": {"seed": settings.seed}}
    inputs = [args.base, args.feedback]
    with (
        checkpoints(args.out, record, inputs, args.checkpoint_minutes) as saved,
        write(args.out, **record, inputs=inputs) as tmp,
    ):
        metrics = train_reward(require(args.base), feedback, settings, saved, tmp)
        print(json.dumps(metrics))
        check_accuracy(args.out.name, metrics, settings.min_accuracy)
        with write(args.metrics, **record, inputs=inputs) as tmp_metrics:
            tmp_metrics.write_text(json.dumps(metrics, indent=1) + "\n")


if __name__ == "__main__":
    run(main)
