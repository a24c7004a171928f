"""Measure what decoding with several experts costs; write benchmarks/decoding.json."""

import argparse
import json
from functools import partial
from pathlib import Path

import torch

from mope.cli import named_path, run, settings_of
from mope.decoding.benchmark import BenchmarkSettings, benchmark
from mope.decoding.benchmark_models import llama_136m, trained_parts
from mope.provenance.artifact import require, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: benchmark of config.yaml, and seed")
    parser.add_argument("--name", default="laptop", help="what to call the run's model")
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--experts", type=named_path, action="append", required=True, help="PREFERENCE=FOLDER, six")
    parser.add_argument("--controller", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    settings = settings_of(BenchmarkSettings, args.settings)
    experts = {name: require(folder) for name, folder in args.experts}
    models = [
        partial(trained_parts, args.name, require(args.base), experts, require(args.controller)),
        partial(llama_136m, settings.seed),
    ]
    inputs = [args.base, *experts.values(), args.controller]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    seeds = {"seed": settings.seed}
    with write(args.out, stage="benchmark_decoding", params=args.settings, seeds=seeds, inputs=inputs) as tmp:
        records = []
        for record in benchmark(models, settings, device):
            print(json.dumps(record), flush=True)
            records.append(record)
        tmp.write_text("[\n" + ",\n".join(map(json.dumps, records)) + "\n]\n")


if __name__ == "__main__":
    run(main)
