"""Keep a copy of the preferences with the run, so that later changes of preferences.yaml do not change the run."""

import argparse
import json
from pathlib import Path

import yaml

from mope.provenance.artifact import write
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: dimensions as pairs of name and ids in their order, names, texts",
    )
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    with write(args.out, stage="take_preferences", params=args.settings, seeds={}) as tmp:
        content = args.settings | {"dimensions": dict(args.settings["dimensions"])}
        tmp.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    run(main)
