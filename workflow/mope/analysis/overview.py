"""One page that answers "did it reproduce?": the claims first, then the averages. No script, no request."""

from html import escape

import pandas as pd

from mope.analysis.formats import averages, percent

SIGNS = {"reproduced": ("yes", "✓"), "not reproduced": ("no", "✗"), "undecided by the interval": ("open", "?")}
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; margin: .3rem 0; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0 1.6rem; }
th, td { padding: .3rem .6rem; text-align: left; border-bottom: 1px solid #8886; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.verdict { white-space: nowrap; font-weight: 600; }
.yes { color: #0072b2; } .no { color: #d55e00; }
.open, .absent { font-weight: 400; }
"""


def summary(claims: list[dict]) -> str:
    """How many claims reproduced, in a sentence."""
    run = [c for c in claims if c["verdict"] != "not run"]
    counts = {verdict: sum(c["verdict"] == verdict for c in run) for verdict in SIGNS}
    return (
        f"{counts['reproduced']} of {len(run)} claims reproduced, {counts['not reproduced']} not, "
        f"{counts['undecided by the interval']} undecided by the interval; {len(claims) - len(run)} not run."
    )


def _row(claim: dict) -> str:
    kind, sign = SIGNS.get(claim["verdict"], ("absent", ""))
    ours = percent(claim["ours"])
    interval = f"{percent(claim['ci_low'])} to {percent(claim['ci_high'])}" if claim["ours"] is not None else "–"
    return (
        f'<tr><td class="verdict {kind}">{sign} {escape(claim["verdict"])}</td><td>{escape(claim["claim"])}</td>'
        f'<td class="number">{ours}</td><td class="number">{interval}</td><td>{escape(claim["published"])}</td></tr>'
    )


def _table(table: pd.DataFrame) -> str:
    kinds = ["", *[' class="number"'] * (table.shape[1] - 1)]
    head = "".join(f"<th{k}>{escape(c)}</th>" for k, c in zip(kinds, table.columns, strict=True))
    rows = (
        "<tr>" + "".join(f"<td{k}>{escape(str(v))}</td>" for k, v in zip(kinds, row, strict=True)) + "</tr>"
        for row in table.itertuples(index=False)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def page(claims: list[dict], means: pd.DataFrame) -> str:
    """HTML; `means` is table average_win_rates.csv of the primary judge."""
    parts = (f"<h2>Evaluation set {escape(s)}</h2>{_table(averages(means, s))}" for s in dict.fromkeys(means["set"]))
    numbers = "".join(f'<th class="number">{name}</th>' for name in ("Ours (%)", "95 % interval"))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Did it reproduce?</title><style>{STYLE}</style></head><body>
<h1>Did it reproduce?</h1>
<p>{summary(claims)}</p>
<table id="claims"><thead><tr><th>Verdict</th><th>Claim</th>{numbers}<th>Published</th></tr></thead><tbody>
{"".join(map(_row, claims))}
</tbody></table>
<p>Win rates must exceed 50 %, differences 0, with their whole interval. Published figures belong to other models and
another judge, and some sources conflict; they are shown, never used as targets.</p>
{"".join(parts)}
</body></html>
"""
