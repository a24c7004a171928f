"""Figure: sample answers shaded by the expert with the largest weight."""

import argparse
from pathlib import Path

import pandas as pd

from mope.provenance.artifact import require
from mope.report.figures.alpha_tokens import draw
from mope.report.figures.style import write_figure
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, required=True, help="samples/alphas.parquet")
    parser.add_argument("--output", nargs="+", type=Path, required=True, help="figure files, .svg and .png")
    args = parser.parse_args()
    samples = pd.read_parquet(require(args.samples))
    write_figure(draw(samples), args.output, stage="plot_alpha_tokens", inputs=[args.samples])


if __name__ == "__main__":
    run(main)
