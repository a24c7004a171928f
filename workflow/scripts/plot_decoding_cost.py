"""Figure: what decoding with several experts costs."""

import argparse
import json
from pathlib import Path

import pandas as pd

from mope.provenance.artifact import require
from mope.report.figures.decoding_cost import draw
from mope.report.figures.style import write_figure
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=Path, required=True, help="benchmarks/decoding.json")
    parser.add_argument("--output", nargs="+", type=Path, required=True, help="figure files, .svg and .png")
    args = parser.parse_args()
    records = pd.DataFrame(json.loads(require(args.records).read_text()))
    write_figure(draw(records), args.output, stage="plot_decoding_cost", inputs=[args.records])


if __name__ == "__main__":
    run(main)
