"""Copy a run's models to folders that can be uploaded and loaded by anyone, each with a card."""

import argparse
from pathlib import Path

from mope.preferences import read_preferences
from mope.provenance.artifact import verified
from mope.publish.models import publish_models
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run, e.g. results/laptop")
    parser.add_argument("--owner", required=True, help="user or organisation under which they will be published")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--preferences", type=Path, required=True)
    parser.add_argument("--models", nargs="*", default=[""], help="beginnings of their paths in the run; else all")
    args = parser.parse_args()
    texts = read_preferences(verified(args.preferences))["texts"]
    for folder in publish_models(args.run, args.owner, args.out, texts, args.models):
        print(folder)


if __name__ == "__main__":
    run(main)
