"""Tables for people: Markdown and LaTeX from the machine-readable CSV. Shares become percentages."""

from collections.abc import Callable

import pandas as pd

from mope.methods.names import title

SPECIAL = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "±": r"$\pm$", "–": "--"}


def percent(share: float) -> str:
    """One decimal, in per cent; a dash for nothing."""
    return "–" if pd.isna(share) else f"{100 * share:.1f}"


def averages(table: pd.DataFrame, evaluation_set: str) -> pd.DataFrame:
    """Average win rates of one set as text, best first."""
    rows = table[table["set"] == evaluation_set].sort_values("average_win_rate", ascending=False, kind="stable")
    return pd.DataFrame(
        {
            "Method": [title(m) for m in rows["method"]],
            "Average win rate (%)": [percent(x) for x in rows["average_win_rate"]],
            "95 % interval": [
                f"{percent(a)} – {percent(b)}" for a, b in zip(rows["ci_low"], rows["ci_high"], strict=True)
            ],
            "Between seeds (±)": [percent(x) for x in rows["seed_std"]],
            "Seeds": [str(x) for x in rows["seeds"]],
            "Mean tokens": [f"{x:.1f}" for x in rows["mean_tokens"]],
        }
    )


def matrix(table: pd.DataFrame, evaluation_set: str) -> pd.DataFrame:
    """Win rates of rows over columns, in per cent, as text; methods in the order of the table."""
    rows = table[(table["set"] == evaluation_set) & (table["combination"] == "all") & (table["preference"] == "all")]
    rows = rows[rows["role"] != "ablation"]
    methods = list(dict.fromkeys(rows["method"]))
    rates = rows.set_index(["method", "opponent"])["win_rate"]
    cells = {title(o): [percent(rates.get((m, o))) if m != o else "–" for m in methods] for o in methods}
    return pd.DataFrame({"Row against column": [title(m) for m in methods], **cells})


def markdown(table: pd.DataFrame, caption: str) -> str:
    """A table of text as GitHub Markdown, numbers to the right."""
    align = ("left", *["right"] * (table.shape[1] - 1))
    return f"**{caption}**\n\n{table.to_markdown(index=False, disable_numparse=True, colalign=align)}\n"


def latex(table: pd.DataFrame, caption: str, label: str) -> str:
    """A table of text as a LaTeX float (needs the package booktabs)."""

    def escape(text: str) -> str:
        return "".join(SPECIAL.get(c, c) for c in str(text))

    rule = "l" + "r" * (table.shape[1] - 1)
    lines = [" & ".join(map(escape, row)) + r" \\" for row in table.itertuples(index=False)]
    head = " & ".join(map(escape, table.columns)) + r" \\"
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escape(caption)}}}",
            rf"\label{{{label}}}",
            rf"\begin{{tabular}}{{{rule}}}",
            r"\toprule",
            head,
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def document(table: pd.DataFrame, form: Callable, caption: str, name: str, suffix: str) -> str:
    """The tables of all evaluation sets, one after the other, as .md or .tex."""
    parts = []
    for evaluation_set in dict.fromkeys(table["set"]):
        text, heading = form(table, evaluation_set), f"{caption}, evaluation set {evaluation_set}"
        label = f"tab:{name}-{evaluation_set}".replace("_", "-")
        parts.append(markdown(text, heading) if suffix == ".md" else latex(text, heading, label))
    return "\n".join(parts)
