"""Train the expert of one preference with RLOO against its reward model."""

import argparse
import json
from pathlib import Path

from mope import preferences
from mope.data.tables import read, write_csv
from mope.provenance.artifact import require, write
from mope.rewards.reward_model import RewardModel
from mope.runtime.cli import checkpoint_option, run, settings_of
from mope.training.checkpoints import checkpoints
from mope.training.devices import init_distributed
from mope.training.expert import ExpertSettings, beginnings, task, train_expert


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--reward", type=Path, required=True)
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--candidates", type=Path, required=True, help="the base's answers to the prompts")
    parser.add_argument("--prefix-share", type=float, required=True, help="share of prompts with an answer's beginning")
    parser.add_argument("--preference", required=True)
    parser.add_argument("--preferences", type=Path, required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: the section `expert`, and seed")
    parser.add_argument("--out", type=Path, required=True, help="adapter folder")
    parser.add_argument("--curve", type=Path, required=True)
    checkpoint_option(parser)
    args = parser.parse_args()
    init_distributed()
    settings = settings_of(ExpertSettings, args.settings)
    text = preferences.load_preferences(args.preferences, [args.preference]).texts[args.preference]
    prompts = list(read(args.prompts, ["prompt_id", "prompt"]).prompt)
    candidates = read(args.candidates, ["prompt", "response", "kind"])
    starts = beginnings(prompts, candidates, args.prefix_share, settings.seed)
    tasks = [task(prompt, [text], args.preference, prefix) for prompt, prefix in zip(prompts, starts, strict=True)]
    base, reward = require(args.base), RewardModel(args.base, require(args.reward), precision=settings.precision)
    record = {
        "stage": "train_expert",
        "params": args.settings | {"prefix_share": args.prefix_share},
        "seeds": {"seed": settings.seed},
    }
    inputs = [args.base, args.reward, args.prompts, args.candidates, args.preferences]
    with (
        checkpoints(args.out, record, inputs, args.checkpoint_minutes) as saved,
        write(args.out, **record, inputs=inputs) as tmp,
    ):
        curve = train_expert(base, lambda x, y, _: reward.score(x, y), tasks, settings, saved, tmp)
        with write(args.curve, **record, inputs=inputs) as tmp_curve:
            write_csv(curve, tmp_curve)


if __name__ == "__main__":
    run(main)
