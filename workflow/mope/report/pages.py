"""HTML pages and tables, without scripts or network requests, that also fit narrow screens."""

from html import escape

import pandas as pd


def page(heading: str, style: str, body: str) -> str:
    """A whole HTML document; `style` is CSS, `body` is HTML."""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(heading)}</title><style>{style}</style></head>
<body>{body}</body></html>
"""


def html_table(table: pd.DataFrame, numbers: set[str]) -> str:
    """A table of text as HTML; cells of the columns `numbers` have the class `number`.

    Each cell also names its column (`data-of`), which narrow screens show beside it.
    """
    kinds = [' class="number"' if column in numbers else "" for column in table.columns]
    names = [escape(str(column)) for column in table.columns]
    head = "".join(f"<th{kind}>{name}</th>" for kind, name in zip(kinds, names))
    rows = (
        "".join(f'<td{kind} data-of="{name}">{escape(str(v))}</td>' for kind, name, v in zip(kinds, names, row))
        for row in table.itertuples(index=False)
    )
    lines = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{lines}</tbody></table>"
