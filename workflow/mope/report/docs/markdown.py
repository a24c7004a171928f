"""Markdown from tables: percentages, intervals, cells, and a layout for any small table."""

import pandas as pd

from mope.report.formats import percent

ALL_TOGETHER = "all"  # what columns `combination` and `preference` hold where a row is about all of them together
INTERVALS = (("_ci_low", "_ci_high"), ("_low", "_high"))


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table of text."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def percent_interval(share: float, low: float | None, high: float | None) -> str:
    """A share in percent with its interval, where it has one: `78.5 [75.8, 81.1]`."""
    interval = "" if pd.isna(low) or pd.isna(high) else f" [{percent(low)}, {percent(high)}]"
    return f"{percent(share)}{interval}"


def rate_of_seeds(rate: float, row) -> str:
    """A win rate in percent, ± the standard deviation between seeds where there are several, [95 % interval].

    Then the interval over prompts alone, where the row has one that looks different.
    """
    row = row.to_dict() if isinstance(row, pd.Series) else row._asdict()
    spread = "" if pd.isna(row["seed_std"]) else f" ± {percent(row['seed_std'])}"
    return f"{percent(rate)}{spread} [{percent(row['ci_low'])}, {percent(row['ci_high'])}]{prompts_alone(row)}"


def prompts_alone(figure: dict) -> str:
    """The interval over prompts alone, to be written behind the main one; "" where it is unknown or looks the same."""
    bounds = [figure.get(f"prompts_{end}") for end in ("low", "high")]
    shown, other = ", ".join(map(percent, bounds)), ", ".join(percent(figure[f"ci_{end}"]) for end in ("low", "high"))
    return "" if shown == other or pd.isna(bounds).any() else f", prompts alone [{shown}]"


def listed(names: list[str]) -> str:
    """`a`, `b` and `c` as code."""
    quoted = [f"`{name}`" for name in names]
    return " and ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))


def details(summary: str, content: str) -> str:
    """Content that is folded until its summary is clicked."""
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def overall(table: pd.DataFrame) -> pd.DataFrame:
    """The rows about all combinations and preferences together, where a table has such rows; else all."""
    for column in {"combination", "preference"} & set(table.columns):
        whole = table[table[column] == ALL_TOGETHER]
        table = table if whole.empty else whole
    return table


def any_table(table: pd.DataFrame) -> str:
    """Every column of a table as it is, numbers with three decimals, a figure and its interval in one cell."""
    columns = list(table.columns)
    bounds: dict[str, tuple[str, str]] = {}
    for name in columns:
        for low, high in INTERVALS:
            if f"{name}{low}" in columns and f"{name}{high}" in columns:
                bounds.setdefault(name, (f"{name}{low}", f"{name}{high}"))
    if {"ci_low", "ci_high"} <= set(columns):  # in all tables these follow the column whose interval they are
        place = columns.index("ci_low") - 1
        bounds.setdefault(columns[max(place, 0)], ("ci_low", "ci_high"))
    hidden = {bound for pair in bounds.values() for bound in pair}
    shown = [name for name in columns if name not in hidden and not table[name].isna().all()]
    rows = []
    for record in table.to_dict("records"):
        cells = []
        for name in shown:
            low, high = (record[bound] for bound in bounds.get(name, ())) if name in bounds else (None, None)
            interval = "" if pd.isna(low) else f" [{plain(low)}, {plain(high)}]"
            cells.append(plain(record[name]) + interval)
        rows.append(cells)
    return markdown_table([name.replace("_", " ") for name in shown], rows)


def plain(value: object) -> str:
    """A value as text: nothing for a missing one, numbers that are not whole with three decimals."""
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:.3f}"
    return str(value)
