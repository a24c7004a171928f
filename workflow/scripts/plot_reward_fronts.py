"""Figure: rewards of the methods on two dimensions at a time."""

import argparse
from pathlib import Path

import pandas as pd

from mope.provenance.artifact import require
from mope.report.figures.reward_fronts import draw
from mope.report.figures.style import write_figure
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--scores", nargs="+", type=Path, required=True, help="scores/<set>/<method>.parquet of one set"
    )
    parser.add_argument("--output", nargs="+", type=Path, required=True, help="figure files, .svg and .png")
    args = parser.parse_args()
    scores = pd.concat([pd.read_parquet(require(path)).assign(method=path.stem) for path in args.scores])
    write_figure(draw(scores), args.output, stage="plot_reward_fronts", inputs=args.scores)


if __name__ == "__main__":
    run(main)
