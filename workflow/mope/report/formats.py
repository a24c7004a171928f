"""Markdown and LaTeX tables made from the CSV tables of a run. Shares become percentages."""

from collections.abc import Callable

import pandas as pd

from mope.methods.names import title

SPECIAL = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "±": r"$\pm$", "–": "--"}


def percent(share: float) -> str:
    """A share in [0, 1] as a percentage with one decimal, without the sign; a dash for NaN."""
    return "–" if pd.isna(share) else f"{100 * share:.1f}"


def averages(table: pd.DataFrame, evaluation_set: str) -> pd.DataFrame:
    """Average win rates of one evaluation set as a table of text, best first; `table` is average_win_rates.csv."""
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
    """Win rates of each row's method against each column's, in per cent, as a table of text; ablations are left out.

    `table` is win_rates.csv of one judge, whose order of methods is kept.
    """
    rows = table[(table["set"] == evaluation_set) & (table["combination"] == "all") & (table["preference"] == "all")]
    rows = rows[rows["role"] != "ablation"]
    methods = list(dict.fromkeys(rows["method"]))
    rates = rows.set_index(["method", "opponent"])["win_rate"]
    cells = {title(o): [percent(rates.get((m, o))) if m != o else "–" for m in methods] for o in methods}
    return pd.DataFrame({"Row against column": [title(m) for m in methods], **cells})


def markdown(table: pd.DataFrame, caption: str) -> str:
    """A table of text as GitHub Markdown; all columns but the first are aligned right."""
    align = ("left", *["right"] * (table.shape[1] - 1))
    return f"**{caption}**\n\n{table.to_markdown(index=False, disable_numparse=True, colalign=align)}\n"


def latex(table: pd.DataFrame, caption: str, label: str) -> str:
    """A table of text as a LaTeX float (package booktabs); all columns but the first are aligned right."""

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
    """The tables of all evaluation sets, one after the other, as Markdown (`suffix` .md) or LaTeX (.tex).

    `form(table, evaluation_set)` makes the table of text of one set: `averages` or `matrix`.
    """
    parts = []
    for evaluation_set in dict.fromkeys(table["set"]):
        text, heading = form(table, evaluation_set), f"{caption}, evaluation set {evaluation_set}"
        label = f"tab:{name}-{evaluation_set}".replace("_", "-")
        parts.append(markdown(text, heading) if suffix == ".md" else latex(text, heading, label))
    return "\n".join(parts)
