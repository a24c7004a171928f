"""Measure what decoding with several experts costs; write benchmarks/decoding.json."""

import argparse
import json
from pathlib import Path

from mope.benchmark.decoding_steps import BenchmarkSettings, benchmark_decoding
from mope.benchmark.json_records import write_records
from mope.benchmark.parts import benchmark_options, chosen_models
from mope.provenance.artifact import write
from mope.runtime.cli import run, settings_of
from mope.runtime.precision import device


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: benchmark of config.yaml, and seed")
    benchmark_options(parser)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    settings = settings_of(BenchmarkSettings, args.settings)
    models, inputs = chosen_models(settings.models, settings.seed, args)
    seeds = {"seed": settings.seed}
    with write(args.out, stage="benchmark_decoding", params=args.settings, seeds=seeds, inputs=inputs) as tmp:
        write_records(benchmark_decoding(models, settings, device()), tmp)


if __name__ == "__main__":
    run(main)
