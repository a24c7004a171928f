"""How far the experts of each combination are apart, in one table."""

import argparse
from pathlib import Path

from mope import preferences
from mope.engine.lora import read_adapter
from mope.methods.expert_distances import expert_distances
from mope.provenance.artifact import require, write
from mope.runtime.cli import named_path, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experts", type=named_path, action="append", required=True, help="PREFERENCE=FOLDER")
    parser.add_argument("--preferences", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True, help="expert_distances.csv")
    args = parser.parse_args()
    folders = dict(args.experts)
    active = preferences.load_preferences(args.preferences, list(folders))
    adapters = {name: read_adapter(require(folder)) for name, folder in folders.items()}
    inputs = [*folders.values(), args.preferences]
    with write(args.output, stage="expert_distances", params={}, seeds={}, inputs=inputs) as tmp:
        table = expert_distances(adapters, active.combinations())
        table.to_csv(tmp, index=False, float_format="%.6f", lineterminator="\n")


if __name__ == "__main__":
    run(main)
