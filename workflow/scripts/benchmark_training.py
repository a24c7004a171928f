"""Measure the memory and time of a step of controller training; write benchmarks/training.json."""

import argparse
import json
from pathlib import Path

from mope.benchmark.controller_step import benchmark_controller_step
from mope.benchmark.json_records import write_records
from mope.benchmark.parts import benchmark_options, chosen_models
from mope.config.controllers import OBJECTIVE_TABLE
from mope.controller.controller_settings import ControllerSettings
from mope.provenance.artifact import write
from mope.provenance.declared import separated
from mope.runtime.cli import run, settings_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: `controller`, and its seed")
    parser.add_argument("--models", nargs="+", required=True, help="`benchmark.models` of config.yaml")
    benchmark_options(parser)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    common, own = separated(OBJECTIVE_TABLE, args.settings["objective"], args.settings)
    settings = settings_of(ControllerSettings, common | {"own": own})
    models, inputs = chosen_models(args.models, settings.seed, args)
    params, seeds = args.settings | {"models": args.models}, {"seed": settings.seed}
    with write(args.out, stage="benchmark_training", params=params, seeds=seeds, inputs=inputs) as tmp:
        write_records(benchmark_controller_step(models, settings), tmp)


if __name__ == "__main__":
    run(main)
