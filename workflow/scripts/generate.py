"""Write one method's answers to the evaluation sets under every combination of preferences."""

import argparse
import json
from pathlib import Path

from mope import preferences
from mope.data.tables import read
from mope.methods.entries import rewarded
from mope.methods.generation import generate, generate_front
from mope.methods.generator import GenerationSettings, Generator, Models
from mope.methods.selection import Chooser
from mope.pools.open_pool import placement
from mope.provenance.artifact import require, write
from mope.runtime.cli import named_path, run, settings_of
from mope.runtime.shards import WHOLE, Shard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", required=True)
    parser.add_argument(
        "--settings", type=json.loads, required=True, help="JSON: method, generation, preferences, seed; front"
    )
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--experts", type=named_path, action="append", default=[], help="PREFERENCE=FOLDER")
    parser.add_argument("--controllers", type=named_path, action="append", default=[], help="SEED=FOLDER")
    parser.add_argument("--policies", type=named_path, action="append", default=[], help="SEED=FOLDER")
    parser.add_argument("--rewards", type=named_path, action="append", default=[], help="PREFERENCE=FOLDER")
    parser.add_argument("--reference", type=named_path, action="append", default=[], help="SET=FILE")
    parser.add_argument("--prompts", type=named_path, action="append", required=True, help="SET=FILE")
    parser.add_argument("--preferences", type=Path, required=True)
    parser.add_argument("--out", type=named_path, action="append", required=True, help="SET=FILE")
    parser.add_argument("--shard", type=Shard.parse, default=WHOLE, help="0/3: the first of three parts")
    args = parser.parse_args()
    s = args.settings
    active = preferences.load_preferences(args.preferences, s["preferences"])
    models = Models(
        require(args.base),
        {name: require(folder) for name, folder in args.experts},
        {int(seed): require(folder) for seed, folder in args.controllers},
        {int(seed): require(folder) for seed, folder in args.policies},
        {preference: require(folder) for preference, folder in args.rewards},
    )
    settings = settings_of(GenerationSettings, s["generation"] | {key: s[key] for key in ("seed", "precision")})
    generator = Generator(models, active, settings)
    folders = [folder for _, folder in args.experts + args.controllers + args.policies + args.rewards]
    record = {"stage": "generate", "params": {"name": args.method, **s}, "seeds": {"seed": s["seed"]}}
    sources, references = dict(args.prompts), dict(args.reference)
    for name, out in args.out:
        prompts = args.shard.share(read(sources[name], ["prompt_id", "prompt"]))
        asked = [sources[name], *([references[name]] if references else [])]
        with write(out, **record, inputs=[args.base, *folders, args.preferences, *asked]) as tmp:
            chooser = None
            if rewarded(s["method"]):
                reference = read(references[name], ["prompt_id", "prompt", "response"])
                chooser = Chooser(args.base, models.rewards, reference, s["precision"])
            if "front" in s:
                answers = generate_front(generator, s["method"], prompts, **s["front"])
            else:
                answers = generate(generator, s["method"], prompts, chooser)
            dtype = str(placement(generator.settings.precision)[0]).removeprefix("torch.")
            made = {"dtype": dtype, "eos": " ".join(generator.tokenizer.convert_ids_to_tokens(generator.ends.ids))}
            answers.assign(**made).to_parquet(tmp, index=False)


if __name__ == "__main__":
    run(main)
