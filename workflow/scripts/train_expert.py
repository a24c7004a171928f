"""Train the expert of one preference with RLOO against its reward model."""

import argparse
import json
import tempfile
from pathlib import Path

from mope import preferences
from mope.cli import run, settings_of
from mope.data.tables import read
from mope.provenance.artifact import require, write
from mope.training.expert import ExpertSettings, train_expert
from mope.training.reward_model import RewardModel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--reward", type=Path, required=True)
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--preference", required=True)
    parser.add_argument("--preferences", type=Path, required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: the section `expert`, and seed")
    parser.add_argument("--out", type=Path, required=True, help="adapter folder")
    parser.add_argument("--curve", type=Path, required=True)
    args = parser.parse_args()
    settings = settings_of(ExpertSettings, args.settings)
    text = preferences.load(args.preferences, [args.preference]).texts[args.preference]
    prompts = read(args.prompts, ["prompt_id", "prompt"])
    base, reward = require(args.base), RewardModel(args.base, require(args.reward))
    record = {"stage": "train_expert", "params": args.settings, "seeds": {"seed": settings.seed}}
    inputs = [args.base, args.reward, args.prompts, args.preferences]
    with tempfile.TemporaryDirectory() as scratch, write(args.out, **record, inputs=inputs) as tmp:
        curve = train_expert(base, reward, prompts, text, settings, Path(scratch), tmp)
        with write(args.curve, **record, inputs=inputs) as tmp_curve:
            curve.to_csv(tmp_curve, index=False, float_format="%.6f")


if __name__ == "__main__":
    run(main)
