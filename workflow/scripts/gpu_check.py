"""Measure decoding and training of 7 B models on this machine's GPU in eight minutes; write one JSON file.

Needs torch, transformers, peft, safetensors, pandas and pyarrow, and no network. The file is written after each record.
"""

import argparse
import dataclasses
import json
from pathlib import Path

import torch

from mope.benchmark.gpu_check import CHECK_SHAPES, STEP_NAMES, check_shape, check_steps
from mope.benchmark.timed_steps import run_timed
from mope.provenance.artifact import write
from mope.runtime.cli import run


def step_limit(text: str) -> tuple[str, float]:
    """Type of `--step-limit compiled=30`."""
    name, _, seconds = text.partition("=")
    if name not in STEP_NAMES:
        raise argparse.ArgumentTypeError(f"NAME=SECONDS expected, {text!r} found; names: {', '.join(STEP_NAMES)}")
    return name, float(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=CHECK_SHAPES, default=CHECK_SHAPES[0])
    parser.add_argument("--steps", nargs="+", choices=STEP_NAMES, default=list(STEP_NAMES))
    parser.add_argument("--limit", type=float, default=480, help="seconds for all steps together")
    help = "NAME=SECONDS: another limit of one step"
    parser.add_argument("--step-limit", type=step_limit, action="append", default=[], help=help)
    parser.add_argument(
        "--experiment", default="smoke", help="what the last step runs, where its packages are installed"
    )
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    shape = check_shape(args.shape)
    params = {"shape": args.shape, "steps": args.steps, "limit": args.limit, "experiment": args.experiment}
    steps = check_steps(shape, args.steps, args.experiment, dict(args.step_limit))
    found = {step.name: {"status": "waiting"} for step in steps}
    for name, outcome in run_timed(steps, args.limit, fresh=torch.version.cuda is not None):
        found[name] = dataclasses.asdict(outcome)
        with write(args.out, stage="gpu_check", params=params, seeds={"seed": shape.config["seed"]}) as temporary:
            temporary.write_text(json.dumps(found, indent=1) + "\n")
        if outcome.records and outcome.status == "running":
            print(json.dumps({"step": name} | outcome.records[-1]), flush=True)
        elif outcome.status != "running":
            print(f"{name}: {outcome.status} after {outcome.seconds:.0f} s. {outcome.reason}", flush=True)


if __name__ == "__main__":
    run(main)
