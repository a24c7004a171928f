"""Record the controller's weights over the tokens of sample answers, and with one preference swapped for another."""

import argparse
import json
from pathlib import Path

from mope import preferences
from mope.data.tables import read
from mope.explain.alphas import Sampler, sample_alphas, swap_alphas
from mope.methods.generator import GenerationSettings, Generator, Models
from mope.provenance.artifact import require, write
from mope.runtime.cli import named_path, run, settings_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--settings", type=json.loads, required=True, help="JSON: method, generation, preferences, seed"
    )
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--experts", type=named_path, action="append", required=True, help="PREFERENCE=FOLDER")
    parser.add_argument("--controllers", type=named_path, action="append", required=True, help="SEED=FOLDER")
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--preferences", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--swaps", type=Path, required=True)
    args = parser.parse_args()
    s = args.settings
    models = Models(
        require(args.base),
        {name: require(folder) for name, folder in args.experts},
        {int(seed): require(folder) for seed, folder in args.controllers},
    )
    active = preferences.load_preferences(args.preferences, s["preferences"])
    settings = settings_of(GenerationSettings, s["generation"] | {key: s[key] for key in ("seed", "precision")})
    generator = Generator(models, active, settings)
    prompts = read(args.prompts, ["prompt_id", "prompt"])
    inputs = [args.base, *(p for _, p in args.experts + args.controllers), args.prompts, args.preferences]
    sampler = Sampler(generator, s["method"], prompts)
    for path, made in ((args.out, sample_alphas(sampler)), (args.swaps, swap_alphas(sampler))):
        with write(path, stage="sample_alphas", params=s, seeds={"seed": s["seed"]}, inputs=inputs) as tmp:
            made.to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
