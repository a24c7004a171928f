"""Train one policy for all combinations, by an objective that Personalized Soups was compared with."""

import argparse
import json
from pathlib import Path

from mope import preferences
from mope.data.tables import read, write_csv
from mope.provenance.artifact import require, write
from mope.provenance.declared import separated
from mope.runtime.cli import checkpoint_option, named_path, run, settings_of
from mope.training.checkpoints import checkpoints
from mope.training.devices import init_distributed
from mope.training.expert import ExpertSettings
from mope.training.policy_needs import POLICIES
from mope.training.policy_parts import PolicyParts
from mope.training.policy_table import POLICY_OBJECTIVES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objective", choices=list(POLICY_OBJECTIVES), required=True)
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
    common, own = separated(POLICIES, args.objective, args.settings)
    settings = settings_of(ExpertSettings, common)
    active = preferences.load_preferences(args.preferences, args.active)
    prompts, base = read(args.prompts, ["prompt_id", "prompt"]), require(args.base)
    params = {"objective": args.objective, **args.settings}
    record = {"stage": "train_policy", "params": params, "seeds": {"seed": settings.seed}}
    inputs = [base, *(p for _, p in args.rewards), *args.feedback, args.prompts, args.preferences]
    with (
        checkpoints(args.out, record, inputs, args.checkpoint_minutes) as saved,
        write(args.out, **record, inputs=inputs) as tmp,
    ):
        rewards = {name: require(folder) for name, folder in args.rewards}
        feedback = {path.stem: read(path, ["prompt", "chosen"]) for path in args.feedback}
        parts = PolicyParts(base, active, prompts, rewards, feedback, own)
        curve = POLICY_OBJECTIVES[args.objective].train(parts, settings, saved, tmp)
        with write(args.curve, **record, inputs=inputs) as tmp_curve:
            write_csv(curve, tmp_curve)


if __name__ == "__main__":
    run(main)
