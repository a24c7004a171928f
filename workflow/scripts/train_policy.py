"""Train one policy for all combinations: a rival of Personalized Soups."""

import argparse
import json
from pathlib import Path

from mope import preferences
from mope.data.tables import read
from mope.provenance.artifact import require, write
from mope.rewards.combined import Rewards
from mope.rewards.reward_model import load_reward_models
from mope.runtime.cli import checkpoint_option, named_path, run, settings_of
from mope.training.checkpoints import checkpoints
from mope.training.devices import init_distributed
from mope.training.expert import ExpertSettings, train_expert
from mope.training.policy import combined_tasks, plain_tasks, train_multitask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objective", choices=["general", "combined", "imitation"], required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--rewards", type=named_path, action="append", default=[], help="NAME=FOLDER")
    parser.add_argument("--feedback", type=Path, action="append", default=[], help="<preference>.parquet")
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--preferences", type=Path, required=True)
    parser.add_argument("--active", nargs="+", required=True, help="ids of the experiment's preferences")
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: the section `expert`, and seed")
    parser.add_argument("--out", type=Path, required=True, help="adapter folder")
    parser.add_argument("--curve", type=Path, required=True)
    checkpoint_option(parser)
    args = parser.parse_args()
    init_distributed()
    settings, active = (
        settings_of(ExpertSettings, args.settings),
        preferences.load_preferences(args.preferences, args.active),
    )
    prompts, base = read(args.prompts, ["prompt_id", "prompt"]), require(args.base)
    params = {"objective": args.objective, **args.settings}
    record = {"stage": "train_policy", "params": params, "seeds": {"seed": settings.seed}}
    inputs = [base, *(p for _, p in args.rewards), *args.feedback, args.prompts, args.preferences]
    with (
        checkpoints(args.out, record, inputs, args.checkpoint_minutes) as saved,
        write(args.out, **record, inputs=inputs) as tmp,
    ):
        if args.objective == "imitation":
            feedback = {path.stem: read(path, ["prompt", "chosen"]) for path in args.feedback}
            curve = train_multitask(base, feedback, active, settings, saved, tmp)
        else:
            general = args.objective == "general"
            tasks = plain_tasks(prompts) if general else combined_tasks(prompts, active, settings.seed)
            models = load_reward_models(base, {name: require(folder) for name, folder in args.rewards})
            curve = train_expert(base, Rewards(models, {}, "raw"), tasks, settings, saved, tmp)
        with write(args.curve, **record, inputs=inputs) as tmp_curve:
            curve.to_csv(tmp_curve, index=False, float_format="%.6f")


if __name__ == "__main__":
    run(main)
