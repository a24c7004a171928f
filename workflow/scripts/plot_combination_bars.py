"""Figure: average win rates on every combination of preferences."""

import argparse
from pathlib import Path

import pandas as pd

from mope.provenance.artifact import require
from mope.report.figures.combination_bars import draw
from mope.report.figures.style import write_figure
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, required=True, help="average_by_cell.csv")
    parser.add_argument("--judge", required=True, help="the judge whose verdicts are shown")
    parser.add_argument("--output", nargs="+", type=Path, required=True, help="figure files, .svg and .png")
    args = parser.parse_args()
    table = pd.read_csv(require(args.table))
    write_figure(
        draw(table[table["judge"] == args.judge]), args.output, stage="plot_combination_bars", inputs=[args.table]
    )


if __name__ == "__main__":
    run(main)
