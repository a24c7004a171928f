"""Print what an experiment will take before it runs: parameters, memory, tokens, questions to the judge, jobs."""

import argparse
from pathlib import Path

import torch
from tabulate import tabulate

from mope import preferences
from mope.config.command_line import parse_change
from mope.config.controllers import controller_section, names_in_use
from mope.config.load import load_config
from mope.config.model_configs import base_config, controller_config
from mope.config.plan import planned_controller, shape_of, stages
from mope.judging.price import cost, count_comparisons
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", help="a file of workflow/experiments; default: config.yaml alone")
    parser.add_argument("--config", type=parse_change, default={}, help="key=value: a key of the configuration")
    parser.add_argument("--base", type=Path, help="folder with the base's config.json, if it is not downloaded yet")
    parser.add_argument("--controller", type=Path, help="folder with the config.json of controller.hub")
    parser.add_argument("--gpu", action="store_true", help="memory of a GPU, whatever this machine has")
    args = parser.parse_args()
    changes = ({"experiment": args.experiment} if args.experiment else {}) | args.config
    config = load_config(Path("."), changes, present=False)
    active = preferences.load_preferences("workflow/prompts/preferences.yaml", config["preferences"])
    gpu = args.gpu or torch.cuda.is_available()
    results = Path("results") / config["artifacts"]
    own = [Path(config["base"]["path"])] if config["base"]["path"] else []
    model = base_config(config, [*([args.base] if args.base else []), *own, results / "base"])
    base = shape_of(model, 2 if gpu and config["precision"] != "float32" else 4)
    sections = [controller_section(config, name) for name in names_in_use(config)]
    controllers = [planned_controller(s, controller_config(s, model, args.controller)) for s in sections]
    print(
        f"base: {model.model_type}, {base.parameters / 1e6:,.1f} M parameters; memory on a {'GPU' if gpu else 'CPU'}\n"
    )
    rows = [
        (s.name, s.jobs, f"{s.parameters / 1e6:,.2f}", f"{s.memory / 1e9:,.2f}", f"{s.tokens / 1e6:,.2f}")
        for s in stages(config, active, base, controllers, gpu)
    ]
    head = ["stage", "jobs", "trained parameters, M", "peak memory of a job, GB", "tokens at most, M"]
    print(tabulate(rows, head, tablefmt="github", disable_numparse=True, colalign=("left", *["right"] * 4)))
    questions = count_comparisons(config, active)
    print()
    for name, judge in config["judges"].items():
        price = cost(judge, questions, config["generation"]["max_new_tokens"], config["data"]["longest"])
        print(f"judge {name}: {questions:,} questions, at most {price:,.2f} to pay")
    print(f"jobs: {sum(row[1] for row in rows):,} of these stages, and some minutes of tables and figures")


if __name__ == "__main__":
    run(main)
