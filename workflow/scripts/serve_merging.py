"""Serve soups that are merged anew for each request: what `make load-test` compares the mixture with."""

import argparse
from pathlib import Path

import uvicorn

from mope.benchmark.merging_server import MergingModel, merging_app
from mope.preferences import load_preferences
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--no-repeat-ngram", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    args = parser.parse_args()
    experts = {path.name: path for path in (args.run / "expert").glob("*") if path.is_dir()}
    preferences = load_preferences(args.run / "preferences.yaml", sorted(experts))
    model = MergingModel(args.run / "base", experts, preferences, args.no_repeat_ngram)
    uvicorn.run(merging_app(model), host="127.0.0.1", port=args.port, log_level="warning")


if __name__ == "__main__":
    run(main)
