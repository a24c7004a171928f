"""Write average win rates and win-rate matrices as Markdown and LaTeX."""

import argparse
from pathlib import Path

from mope.data.tables import read_csv
from mope.provenance.artifact import require, write
from mope.report.formats import averages, document, matrix
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--win-rates", type=Path, required=True, help="win_rates.csv")
    parser.add_argument("--averages", type=Path, required=True, help="average_win_rates.csv")
    parser.add_argument("--judge", required=True, help="the judge whose tables are wanted")
    parser.add_argument(
        "--output", type=Path, required=True, help="folder of average_win_rates.* and win_rate_matrix.*"
    )
    args = parser.parse_args()
    inputs = [args.win_rates, args.averages]
    rates, means = (read_csv(require(path)) for path in inputs)
    for name, caption, form, table in (
        ("average_win_rates", "Average pairwise win rates", averages, means[means["judge"] == args.judge]),
        ("win_rate_matrix", "Pairwise win rates (%)", matrix, rates[rates["judge"] == args.judge]),
    ):
        for suffix in (".md", ".tex"):
            target = args.output / f"{name}{suffix}"
            with write(target, stage="tables", params={"judge": args.judge}, seeds={}, inputs=inputs) as tmp:
                tmp.write_text(document(table, form, caption, name, suffix))


if __name__ == "__main__":
    run(main)
