"""Write tables of the controller's weights over tokens, and of their change when a preference is swapped."""

import argparse
import json
from pathlib import Path

from mope import preferences
from mope.analysis.alpha_tables import alpha_table, swap_table
from mope.data.tables import read, write_csv
from mope.provenance.artifact import write
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--swaps", type=Path, required=True)
    parser.add_argument("--preferences", type=Path, required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: active (ids), resamples, seed")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--swaps-out", type=Path, required=True)
    args = parser.parse_args()
    s = args.settings
    dimensions = preferences.load_preferences(args.preferences, s["active"]).dimensions
    samples = read(args.samples, ["prompt_id", "combination", "position", "token", "top_share"])
    swaps = read(args.swaps, ["prompt_id", "combination", "swapped", "dimension", "change"])
    made = {
        args.out: (alpha_table(samples, {name: list(poles) for name, poles in dimensions.items()}), args.samples),
        args.swaps_out: (swap_table(swaps, s["resamples"], s["seed"]), args.swaps),
    }
    for path, (table, source) in made.items():
        record = {"stage": "alpha_tables", "params": s, "seeds": {"bootstrap": s["seed"]}}
        with write(path, **record, inputs=[source, args.preferences]) as tmp:
            write_csv(table, tmp)


if __name__ == "__main__":
    run(main)
