"""Pages and tables in HTML: no script, no request, wide tables and narrow screens."""

from html import escape

import pandas as pd


def page(heading: str, style: str, body: str) -> str:
    """A whole document."""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(heading)}</title><style>{style}</style></head>
<body>{body}</body></html>
"""


def html_table(table: pd.DataFrame, numbers: set[str]) -> str:
    """A table of text; columns of `numbers` are of that class. Each cell names its column, for narrow screens."""
    kinds = [' class="number"' if column in numbers else "" for column in table.columns]
    names = [escape(str(column)) for column in table.columns]
    head = "".join(f"<th{kind}>{name}</th>" for kind, name in zip(kinds, names))
    rows = (
        "".join(f'<td{kind} data-of="{name}">{escape(str(v))}</td>' for kind, name, v in zip(kinds, names, row))
        for row in table.itertuples(index=False)
    )
    lines = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{lines}</tbody></table>"
