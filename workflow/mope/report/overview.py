"""One page that answers "did it reproduce?": the claims first, then the averages; no scripts, no network requests.

The report also embeds the page in its own first screen, so all styles apply to the class `overview` only.
"""

from collections import Counter
from datetime import date
from html import escape

import pandas as pd

from mope.analysis.claim_verdicts import (
    BY_JUDGE,
    BY_REWARDS,
    DISAGREE,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    UNDECIDED,
    UNTESTABLE,
    VERDICTS,
    of_papers,
    worded,
)
from mope.report.formats import averages, percent
from mope.report.pages import html_table, page
from mope.runtime.estimate import format_duration

SIGNS = {
    REPRODUCED: ("yes", "✓"),
    BY_JUDGE: ("yes", "½"),
    BY_REWARDS: ("yes", "½"),
    NOT_REPRODUCED: ("no", "✗"),
    UNDECIDED: ("open", "?"),
    DISAGREE: ("no", "≠"),
    UNTESTABLE: ("open", "–"),
}
OVERVIEW_STYLE = """
.overview { font: 15px/1.45 system-ui, sans-serif; color: #111; max-width: 64rem; margin: 0 auto; padding: .5rem 1rem; }
.overview h1 { font-size: 1.5rem; font-weight: 700; margin: .3rem 0; }
.overview h2 { font-size: 1.1rem; font-weight: 700; margin: 1rem 0 0; }
.overview p { margin: .3rem 0; }
.overview table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; font-size: .93em; }
.overview th, .overview td { padding: .2rem .6rem; text-align: left; vertical-align: top; }
.overview tr { border-bottom: 1px solid #ccc; }
.overview .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.overview .verdict { white-space: nowrap; font-weight: 600; }
.overview .yes { color: #0060a0; }
.overview .no { color: #b34700; }
.overview .open, .overview .absent { font-weight: 400; }
.overview .facts { color: #444; overflow-wrap: anywhere; }
@media (max-width: 45rem) {  /* a phone: each row is a block, each cell a line */
.overview thead { display: none; }
.overview table, .overview tbody, .overview tr, .overview td { display: block; }
.overview tr { padding: .4rem 0; }
.overview td { padding: .1rem 0; text-align: left; overflow-wrap: anywhere; }
.overview td:first-child { font-weight: 600; }
.overview td:not(:first-child)::before { content: attr(data-of) ": "; color: #444; }
}
"""
PROJECT = "Orchestrating LLMs with Different Personalizations, rebuilt"


def summary(claims: list[dict]) -> str:
    """Two sentences that count the claims with each verdict, the papers' first; `claims` are those of claims.json."""
    tested = [claim for claim in claims if claim["verdict"] != NOT_RUN]
    theirs = [claim for claim in tested if of_papers(claim["published"])]
    others = [claim for claim in tested if claim not in theirs]
    said = [f"Of {len(theirs)} tests of what the papers published: {_counted(theirs) or 'none'}."]
    said += [f"Of {len(others)} comparisons that they do not make: {_counted(others)}."] if others else []
    said += [f"Not run: {len(claims) - len(tested)}."] if len(claims) > len(tested) else []
    return " ".join(said)


def _counted(claims: list[dict]) -> str:
    number = Counter(claim["verdict"] for claim in claims)
    known = [verdict for verdict in VERDICTS if number[verdict]]
    return ", ".join(f"{number[verdict]} {worded(verdict, claims[0]['published'])}" for verdict in known)


def _finding(claim: dict, of: str, span: str = "") -> str:
    """A table cell with a claim's verdict, figure, interval and note; `of` names the column, for narrow screens."""
    note = f"<br><small>{escape(claim['note'])}</small>" if claim["note"] else ""
    span = f' data-of="{escape(of)}"{span}'
    kind, sign = SIGNS.get(claim["verdict"], ("absent", ""))
    verdict = f'<span class="verdict {kind}">{sign} {escape(worded(claim["verdict"], claim["published"]))}</span>'
    if claim["ours"] is None:
        return f"<td{span}>{verdict}{note}</td>"
    return f'<td{span}>{verdict}<br><span class="number">{_figure(claim)}</span>{note}</td>'


def _figure(view: dict) -> str:
    """Our figure and its interval, and below it the interval over prompts alone where that one differs."""
    shown, alone = ((view.get(f"{name}_low"), view.get(f"{name}_high")) for name in ("ci", "prompts"))
    low, high = map(percent, shown)
    beside = f"<br><small>prompts alone [{', '.join(map(percent, alone))}]</small>"
    return f"{percent(view['ours'])} [{low}, {high}]{'' if alone in (shown, (None, None)) else beside}"


def _views(claim: dict, evaluation_set: str) -> str:
    """Two table cells: the judge's view of a claim on one evaluation set, and the reward models'."""
    view = claim.get("reward_models")
    shown = _figure(view) if view else "–"
    of = escape(f"{evaluation_set}: reward models")
    return f'{_finding(claim, evaluation_set)}<td class="number" data-of="{of}">{shown}</td>'


def _claims(claims: list[dict]) -> str:
    """The table of claims: one row per claim, two columns per evaluation set (the judge's and the reward models' view).

    A record's id is <claim>:<set>, or <claim> alone for a claim about the whole run.
    """
    rows: dict[str, dict[str, dict]] = {}
    for claim in claims:
        name, _, evaluation_set = claim["id"].partition(":")
        rows.setdefault(name, {})[evaluation_set] = claim
    sets = list(dict.fromkeys(s for row in rows.values() for s in row if s))
    head = "".join(f"<th>{escape(s)}, % [95 %]</th><th>{escape(s)}: reward models</th>" for s in sets)
    lines = []
    for row in rows.values():
        first = next(iter(row.values()))
        text = first["claim"].removesuffix(f", evaluation set {first['id'].partition(':')[2]}")
        whole = f' colspan="{2 * len(sets)}"'
        by_set = sets and sets[0] in row
        cells = "".join(_views(row[s], s) for s in sets) if by_set else _finding(first, "found", whole)
        published = f'<td data-of="published">{escape(first["published"])}</td>'
        lines.append(f"<tr><td>{escape(text)}</td>{cells}{published}</tr>")
    head = f"<tr><th>Claim</th>{head}<th>Published</th></tr>"
    return f'<table id="claims"><thead>{head}</thead><tbody>{"".join(lines)}</tbody></table>'


def run_facts(run: str, made: date, commit: str | None, changed: bool, seconds: float | None) -> list[str]:
    """The facts about a run that the page shows: project, run, date, commit and duration.

    `changed` says whether files differed from the `commit`; `seconds` is the run's duration, None if it is not known.
    """
    code = "no commit known" if commit is None else f"commit {commit[:12]}{', with changes' if changed else ''}"
    took = [] if seconds is None else [f"{format_duration(seconds)} from the first job to this page"]
    return [PROJECT, f"run {run}", made.isoformat(), code, *took]


def overview_page(claims: list[dict], means: pd.DataFrame, about: list[str]) -> str:
    """The page as HTML.

    `claims` are the records of claims.json, `means` is average_win_rates.csv of the primary judge, and `about` is what
    `run_facts` returns.
    """
    parts = []
    for name in dict.fromkeys(means["set"]):
        table = averages(means, name)
        parts.append(f"<h2>Evaluation set {escape(name)}</h2>{html_table(table, set(table.columns[1:]))}")
    body = f"""<main class="overview">
<h1>Did it reproduce?</h1>
<p class="facts">{" · ".join(map(escape, about))}</p>
<p>{summary(claims)} Win rates must exceed 50 %, differences 0, with their whole interval: by the judge, and by the
reward models, which prefer the answer of the higher reward. Intervals are by bootstrap over prompts and over the seeds
of what was trained.</p>
{_claims(claims)}
<p>Published figures belong to other models and another judge, and some sources conflict; they are shown, never used as
targets.</p>
{"".join(parts)}
</main>"""
    return page("Did it reproduce?", OVERVIEW_STYLE, body)
