"""Write accuracy and calibration of the reward models as one table."""

import argparse
import json
from pathlib import Path

from mope.analysis.reward_accuracy import reward_accuracy
from mope.data.tables import write_csv
from mope.provenance.artifact import require, write
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", nargs="+", type=Path, required=True, help="reward/<preference>.metrics.json")
    parser.add_argument("--output", type=Path, required=True, help="reward_models.csv")
    args = parser.parse_args()
    metrics = {path.name.split(".")[0]: json.loads(require(path).read_text()) for path in args.metrics}
    with write(args.output, stage="reward_table", params={}, seeds={}, inputs=args.metrics) as tmp:
        write_csv(reward_accuracy(metrics), tmp)


if __name__ == "__main__":
    run(main)
