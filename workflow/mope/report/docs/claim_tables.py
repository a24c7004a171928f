"""Tables of the claims of all runs: how often each verdict was given, one row per claim, and which claims failed.

A record of claims.json has `id` (<claim>:<set>, or <claim> for one of the whole run), `claim`, `published`, `ours`
with its interval, `reward_models` with the same three entries where they have a view, `verdict` and `note`. Further
entries are shown too.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from mope.analysis.claim_verdicts import (
    BY_JUDGE,
    BY_REWARDS,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    UNDECIDED,
    VERDICTS,
)
from mope.analysis.claims import CLAIMS
from mope.report.docs.markdown import markdown_table, percent_interval, prompts_alone
from mope.report.docs.reference_runs import ReferenceRun

OF_OURS = {  # of comparisons that the papers do not make
    REPRODUCED: "holds",
    BY_JUDGE: "holds by the judge alone",
    BY_REWARDS: "holds by the reward models alone",
    NOT_REPRODUCED: "does not hold",
    UNDECIDED: "undecided",
}
NOT_COMPARED = "not compared"  # how `published` begins where the papers make no such comparison
KNOWN_FIELDS = {"id", "claim", "published", "ours", "ci_low", "ci_high", "verdict", "note", "judge", "reward_models"}
KNOWN_FIELDS |= {"prompts_low", "prompts_high"}
Tested = tuple[ReferenceRun, dict]


def name_and_set(claim: dict) -> tuple[str, str]:
    """The claim's name and its evaluation set, "" for a claim of the whole run."""
    name, _, evaluation_set = claim["id"].partition(":")
    return name, evaluation_set


def statement(claim: dict) -> str:
    """What is claimed, without the evaluation set."""
    return claim["claim"].removesuffix(f", evaluation set {name_and_set(claim)[1]}")


def of_papers(claim: dict) -> bool:
    """Whether the papers make this comparison."""
    return not claim["published"].startswith(NOT_COMPARED)


def put_to_test(runs: list[ReferenceRun]) -> list[Tested]:
    """Every comparison that a run has tested; one with the same figure as in an earlier run counts once."""
    found, told = [], set()
    for run in runs:
        for claim in run.claims:
            figure = (claim["id"], claim.get("judge"), claim["ours"], claim["ci_low"], claim["ci_high"])
            if claim["verdict"] != NOT_RUN and figure not in told:
                found.append((run, claim))
                told.add(figure)
    return found


def untested(runs: list[ReferenceRun]) -> list[str]:
    """The claims that no run has tested on any set, each once; a run leaves out claims on methods that it lacks."""
    known = {name_and_set(claim)[0] for _, claim in put_to_test(runs)}
    missing = {claim.id: claim.text for claim in CLAIMS}
    missing |= {name_and_set(claim)[0]: statement(claim) for run in runs for claim in run.claims}
    return [text for name, text in missing.items() if name not in known]


def verdicts(found: list[Tested]) -> list[str]:
    """The verdicts in use, in the order of `VERDICTS`."""
    given = {claim["verdict"] for _, claim in found}
    return [verdict for verdict in VERDICTS if verdict in given]


def verdict_counts(found: list[Tested]) -> Counter:
    """How often each verdict was given."""
    return Counter(claim["verdict"] for _, claim in found)


def counts_table(runs: list[ReferenceRun]) -> str:
    """How often each verdict was given, by run and in total: on the papers' comparisons, then on all others."""
    rows, every = [], put_to_test(runs)
    for label, papers in (("published", True), ("not compared by the papers", False)):
        part = [(run, claim) for run, claim in every if of_papers(claim) == papers]
        names = [run.name for run in runs if any(run is other for other, _ in part)]
        groups = {f"`{name}`": [t for t in part if t[0].name == name] for name in names}
        for name, group in {**groups, "**all**": part}.items():
            number = verdict_counts(group)
            rows.append([label, name, str(len(group)), *(str(number[verdict]) for verdict in verdicts(every))])
    return markdown_table(["comparisons", "run", "tested", *verdicts(every)], rows)


def claims_table(found: list[Tested], papers: bool = True) -> str:
    """One row per claim and run, with the evaluation sets side by side; of the papers' claims or of all others.

    Every set has a column for the judge's view and, if any run has it, one for that of the reward models.
    """
    rows: dict[tuple, dict[str, Tested]] = {}
    sets: dict[str, None] = {}
    for run, claim in found:
        if of_papers(claim) == papers:
            name, evaluation_set = name_and_set(claim)
            rows.setdefault((name, run.name, claim.get("judge")), {})[evaluation_set] = (run, claim)
            sets |= dict.fromkeys([evaluation_set] if evaluation_set else [])
    order = list(dict.fromkeys(name for name, *_ in rows))
    first, lines = next(iter(sets), ""), []
    rated = any(claim.get("reward_models") for row in rows.values() for _, claim in row.values())
    for (_, run_name, judge), row in sorted(rows.items(), key=lambda item: order.index(item[0][0])):
        claim = next(iter(row.values()))[1]
        where = f"`{run_name}`" + (f", judge {judge}" if judge else "")
        cells = {name: _cell(one, papers) for name, (_, one) in row.items() if name}
        if "" in row:
            cells[first] = f"{_cell(row[''][1], papers)} (of the whole run)"
        published = [claim["published"]] if papers else []
        views = {name: _rewards(one) for name, (_, one) in row.items()}
        pairs = ([cells.get(name, ""), views.get(name, "")][: 1 + rated] for name in sets or [""])
        lines.append([statement(claim), *published, where, *chain(*pairs)])
    named = ([f"{name}, % or points [95 %]", f"{name}: reward models"][: 1 + rated] for name in sets)
    header = ["claim", *(["published"] if papers else []), "run", *chain(*named)]
    return markdown_table(header, lines)


def _rewards(claim: dict) -> str:
    """Figure and interval by the reward models; "" where they have no view."""
    view = claim.get("reward_models")
    return intervals(view) if view else ""


def intervals(view: dict) -> str:
    """A figure with its interval, and with that over prompts alone where it differs."""
    return f"{percent_interval(view['ours'], view['ci_low'], view['ci_high'])}{prompts_alone(view)}"


def _cell(claim: dict, papers: bool) -> str:
    """Figure, interval and verdict, then the note and the further entries of the record."""
    verdict = claim["verdict"] if papers else OF_OURS.get(claim["verdict"], claim["verdict"])
    parts = [f"{intervals(claim)} **{verdict}**"]
    further = {key: value for key, value in claim.items() if key not in KNOWN_FIELDS}
    return "<br>".join([*parts, *filter(None, [claim["note"], *_views(further)])])


def _views(entries: dict) -> Iterator[str]:
    """Further entries of a record as text; numbers are shares, shown with their interval."""
    bounds = {f"{key}{end}" for key in entries for end in ("_low", "_high", "_ci_low", "_ci_high")}
    for key, value in entries.items():
        if value is None or key in bounds:
            continue
        name = key.replace("_", " ")
        if isinstance(value, dict):
            ends = [value.get(f"ci_{end}", value.get(end)) for end in ("low", "high")]
            figure = percent_interval(value["ours"], *ends) if "ours" in value else ""
            rest = [str(part) for label, part in value.items() if label in ("verdict", "note") and part]
            yield f"{name}: {'; '.join(filter(None, [figure, *rest]))}"
        elif isinstance(value, int | float) and not isinstance(value, bool):
            ends = [entries.get(f"{key}_ci_{end}", entries.get(f"{key}_{end}")) for end in ("low", "high")]
            yield f"{name}: {percent_interval(value, *ends)}"
        else:
            yield f"{name}: {value}"


def explained(found: list[Tested]) -> str:
    """How verdicts are reached. A reference without second views is said to lack them."""
    rule = (
        "A comparison counts once: where two runs give the same figure, for the first of them. A win rate must lie "
        "above 50 %, a difference above 0, with its whole 95 % interval, to be reproduced."
    )
    views = (
        "Claims about answers have a second view, that of the reward models that experts and controllers were trained "
        "on: an answer wins whose reward is higher. Where one view supports a claim and the other cannot tell, the "
        "verdict names that one; where one lies above and the other below, the judges disagree. Intervals are by "
        "bootstrap over prompts and over the seeds of what was trained."
    )
    lacking = (
        "The reward models' view of each claim, and the seeds in its interval, are not in this reference: verdicts are "
        "the judge's, and intervals are over prompts alone."
    )
    known = any("reward_models" in claim for _, claim in found)
    published = "Published figures belong to other models and another judge; they are shown, never used as targets."
    return f"{rule} {views if known else lacking} {published}"


def failed(runs: list[ReferenceRun], verdict: str) -> list[str]:
    """The papers' claims with this verdict on some set, each with its runs and sets."""
    where: dict[str, list[str]] = {}
    for run, claim in put_to_test(runs):
        if of_papers(claim) and claim["verdict"] == verdict:
            evaluation_set = name_and_set(claim)[1]
            where.setdefault(statement(claim), []).append(
                f"{run.name}, {evaluation_set}" if evaluation_set else run.name
            )
    return [f"{text} ({'; '.join(places)})" for text, places in where.items()]
