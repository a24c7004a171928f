"""Figure: training of the controllers."""

import argparse
from pathlib import Path

import pandas as pd

from mope.provenance.artifact import require
from mope.report.figures.style import write_figure
from mope.report.figures.training_curves import draw
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curves", nargs="+", type=Path, required=True, help="controller/<variant>/seed<k>.curve.csv")
    parser.add_argument("--output", nargs="+", type=Path, required=True, help="figure files, .svg and .png")
    args = parser.parse_args()
    curves = {(path.parent.name, path.name.split(".")[0]): pd.read_csv(require(path)) for path in args.curves}
    write_figure(draw(curves), args.output, stage="plot_training_curves", inputs=args.curves)


if __name__ == "__main__":
    run(main)
