"""Write one method's answers to the evaluation sets under every combination of preferences."""

import argparse
import json
from pathlib import Path

from mope import preferences
from mope.cli import named_path, run, settings_of
from mope.data.tables import read
from mope.generation import GenerationSettings, Generator, Models, generate
from mope.oracle import best_experts
from mope.provenance.artifact import require, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", required=True)
    parser.add_argument(
        "--settings", type=json.loads, required=True, help="JSON: method, generation, preferences, seed"
    )
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--experts", type=named_path, action="append", default=[], help="PREFERENCE=FOLDER")
    parser.add_argument("--controllers", type=named_path, action="append", default=[], help="SEED=FOLDER")
    parser.add_argument("--rewards", type=named_path, action="append", default=[], help="PREFERENCE=FOLDER")
    parser.add_argument("--reference", type=named_path, action="append", default=[], help="SET=FILE")
    parser.add_argument("--prompts", type=named_path, action="append", required=True, help="SET=FILE")
    parser.add_argument("--preferences", type=Path, required=True)
    parser.add_argument("--out", type=named_path, action="append", required=True, help="SET=FILE")
    args = parser.parse_args()
    s = args.settings
    active = preferences.load(args.preferences, s["preferences"])
    models = Models(
        require(args.base),
        {name: require(folder) for name, folder in args.experts},
        {int(seed): require(folder) for seed, folder in args.controllers},
    )
    generator = Generator(models, active, settings_of(GenerationSettings, {**s["generation"], "seed": s["seed"]}))
    models_used = [args.base, *(p for _, p in args.experts + args.controllers + args.rewards), args.preferences]
    record = {"stage": "generate", "params": {"name": args.method, **s}, "seeds": {"seed": s["seed"]}}
    sources, references = dict(args.prompts), dict(args.reference)
    for name, out in args.out:
        prompts = read(sources[name], ["prompt_id", "prompt"])
        with write(out, **record, inputs=[*models_used, sources[name]]) as tmp:
            if s["method"]["kind"] == "expert":
                reference = read(references[name], ["prompt_id", "prompt", "response"])
                answers = best_experts(generator, prompts, dict(args.rewards), reference)
            else:
                answers = generate(generator, s["method"], prompts)
            answers.to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
