"""Write tables as HTML pages for the report."""

import argparse
from pathlib import Path

import pandas as pd

from mope.provenance.artifact import require, write
from mope.report.table_page import table_page
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="+", type=Path, required=True, help="tables, .csv")
    parser.add_argument("--output", nargs="+", type=Path, required=True, help="their pages, .html, in the same order")
    args = parser.parse_args()
    for source, target in zip(args.tables, args.output, strict=True):
        table = pd.read_csv(require(source), dtype=str, keep_default_na=False)
        with write(target, stage="table_pages", params={}, seeds={}, inputs=[source]) as tmp:
            tmp.write_text(table_page(source.stem, table))


if __name__ == "__main__":
    run(main)
