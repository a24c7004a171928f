"""Draw one figure of the table of figures."""

import argparse
from pathlib import Path

from mope.report.figures.sources import read_source
from mope.report.figures.style import write_figure
from mope.report.figures.table import FIGURES
from mope.runtime.cli import named_path, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figure", choices=FIGURES, required=True)
    parser.add_argument(
        "--input", nargs="+", type=named_path, required=True, help="SOURCE=FILE; several of scores and of curves"
    )
    parser.add_argument("--judge", required=True, help="the judge whose verdicts are shown")
    parser.add_argument("--output", nargs="+", type=Path, required=True, help="figure files, .svg and .png")
    args = parser.parse_args()
    figure = FIGURES[args.figure]
    given = {name: [file for key, file in args.input if key == name] for name in figure.SOURCES}
    for missing in [name for name, files in given.items() if not files]:
        parser.error(f"--input: no {missing}=FILE found, which figure {args.figure} is drawn from")
    content = {name: read_source(name, files, args.judge) for name, files in given.items()}
    inputs = [file for files in given.values() for file in files]
    write_figure(figure.draw(**content), args.output, stage="plot", inputs=inputs)


if __name__ == "__main__":
    run(main)
