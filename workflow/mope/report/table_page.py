"""A table of the results as an HTML page of the report: the numbers of the CSV file, with methods by their titles."""

from html import escape

import pandas as pd

from mope.methods.names import title
from mope.report.pages import html_table, page

MOST_ROWS = 500  # that a page shows; thousands are slow on a phone
METHODS = ("method", "opponent")  # columns that hold method ids
TABLE_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; color: #111; margin: 0; padding: .5rem; }
h1 { font-size: 1.2rem; margin: .2rem 0; } p { margin: .2rem 0 .5rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; }
th, td { padding: .15rem .5rem; text-align: left; white-space: nowrap; border-bottom: 1px solid #ccc; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
"""


def table_page(name: str, table: pd.DataFrame) -> str:
    """The page as HTML; `table` holds the cells of `<name>.csv` as text.

    A column with one and the same value in every row is shown above the table instead.
    """
    common = {column: cells.iloc[0] for column, cells in table.items() if len(cells) > 1 and cells.nunique() == 1}
    shown = table.head(MOST_ROWS).drop(columns=list(common))
    shown = shown.assign(**{c: shown[c].map(title) for c in METHODS if c in shown})
    note = f"{len(table)} rows" if len(table) <= MOST_ROWS else f"The first {MOST_ROWS} of the {len(table)} rows"
    same = "".join(f"; {column.replace('_', ' ')}: {value or '–'}" for column, value in common.items())
    heading = name.replace("_", " ")
    body = f'<h1>{heading}</h1>\n<p>{note} of {name}.csv{escape(same)}</p>\n<div class="wide">'
    return page(heading, TABLE_STYLE, f"{body}{html_table(shown, numeric(table))}</div>")


def numeric(table: pd.DataFrame) -> set[str]:
    """The columns of text cells in which every cell is a number or empty, and at least one is a number."""
    filled = {column: cells[cells != ""] for column, cells in table.items()}
    return {c for c, cells in filled.items() if len(cells) and pd.to_numeric(cells, errors="coerce").notna().all()}
