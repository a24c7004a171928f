"""Train a preference controller (PCM) by the objective and on the form of reward that its settings name."""

import argparse
import json
from pathlib import Path

from mope import preferences
from mope.config.controllers import OBJECTIVE_TABLE
from mope.controller.controller_settings import ControllerSettings
from mope.controller.train import train_controller
from mope.data.tables import read, write_csv
from mope.decoding.turn_ends import turn_ends
from mope.engine.lora import experts_at
from mope.pools.open_pool import open_pool
from mope.provenance.artifact import require, verified, write
from mope.provenance.declared import separated
from mope.rewards.combined import Rewards, references_of
from mope.rewards.form_table import FORMS
from mope.rewards.reward_model import load_reward_models
from mope.runtime.cli import checkpoint_option, named_path, run, settings_of
from mope.training.checkpoints import checkpoints
from mope.training.devices import init_distributed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--experts", type=named_path, action="append", required=True, help="PREFERENCE=FOLDER")
    parser.add_argument("--rewards", type=named_path, action="append", required=True, help="PREFERENCE=FOLDER")
    parser.add_argument("--start", type=Path, help="folder of a LLaMA to begin from, instead of from scratch")
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--preferences", type=Path, required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: `controller`, and its seed")
    parser.add_argument("--out", type=Path, required=True, help="model folder")
    parser.add_argument("--curve", type=Path, required=True)
    checkpoint_option(parser)
    args = parser.parse_args()
    init_distributed()
    common, own = separated(OBJECTIVE_TABLE, args.settings["objective"], args.settings)
    settings = settings_of(ControllerSettings, common | {"own": own})
    experts, rewards = dict(args.experts), dict(args.rewards)
    active = preferences.load_preferences(args.preferences, list(experts))
    prompts = list(read(args.prompts, ["prompt_id", "prompt"]).prompt)
    combinations = settings.combinations or active.combinations()
    reference = read(args.reference, ["prompt", "response"])
    adapters = experts_at(settings.expert_strength, {name: require(experts[name]) for name in active.ids})
    pool = open_pool(require(args.base), adapters, settings.precision)
    models = load_reward_models(
        args.base, {name: require(folder) for name, folder in rewards.items()}, pool, precision=settings.precision
    )
    reward = Rewards(models, references_of(reference, combinations), FORMS[settings.reward]())
    tokenizer = next(iter(models.values())).tokenizer  # that of the base
    record = {"stage": "train_controller", "params": args.settings, "seeds": {"seed": settings.seed}}
    inputs = [args.base, *experts.values(), *rewards.values(), args.prompts, args.reference, args.preferences]
    inputs += [verified(args.start)] if args.start else []
    with (
        checkpoints(args.out, record, inputs, args.checkpoint_minutes) as saved,
        write(args.out, **record, inputs=inputs) as tmp,
    ):
        curve = train_controller(
            tokenizer,
            pool,
            reward,
            prompts,
            combinations,
            active,
            settings,
            saved,
            tmp,
            args.start,
            print,
            ends=turn_ends(args.base, tokenizer),
        )
        with write(args.curve, **record, inputs=inputs) as tmp_curve:
            write_csv(curve, tmp_curve)


if __name__ == "__main__":
    run(main)
