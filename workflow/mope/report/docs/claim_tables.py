"""Tables of the claims of all runs: how often each verdict was given, one row per claim, and which claims failed.

A record of claims.json has `id` (<claim>:<set>, or <claim> for one of the whole run), `claim`, `published`, `ours`
with its interval, `reward_models` with the same three entries where they have a view, `verdict` and `note`. Further
entries are shown too.
"""

from collections import Counter
from collections.abc import Iterator

from mope.analysis.claim_verdicts import NOT_RUN, VERDICTS, of_papers, worded
from mope.analysis.claims import CLAIMS
from mope.report.docs.markdown import markdown_table, percent_interval, prompts_alone
from mope.report.docs.reference_runs import ReferenceRun

KNOWN = {claim.id: claim for claim in CLAIMS}
KNOWN_FIELDS = {"id", "claim", "published", "ours", "ci_low", "ci_high", "verdict", "note", "judge", "reward_models"}
KNOWN_FIELDS |= {"prompts_low", "prompts_high"}
Tested = tuple[ReferenceRun, dict]  # a run, and a record of its claims.json


def name_and_set(claim: dict) -> tuple[str, str]:
    """The claim's name and its evaluation set, "" for a claim of the whole run."""
    name, _, evaluation_set = claim["id"].partition(":")
    return name, evaluation_set


def statement(claim: dict) -> str:
    """What is claimed, without the evaluation set: as `CLAIMS` words it, or the record where it is not in `CLAIMS`."""
    name, evaluation_set = name_and_set(claim)
    return KNOWN[name].text if name in KNOWN else claim["claim"].removesuffix(f", evaluation set {evaluation_set}")


def published(claim: dict) -> str:
    """What the papers published about a claim."""
    name, _ = name_and_set(claim)
    return KNOWN[name].published if name in KNOWN else claim["published"]


def published_claims(found: list[Tested]) -> list[Tested]:
    """The records of `found` whose comparison the papers make."""
    return [(run, claim) for run, claim in found if of_papers(published(claim))]


def put_to_test(runs: list[ReferenceRun]) -> list[Tested]:
    """Every comparison that a run has tested; one with the same figure as in an earlier run counts once."""
    found, seen = [], set()
    for run in runs:
        for claim in run.claims:
            figure = (claim["id"], claim.get("judge"), claim["ours"], claim["ci_low"], claim["ci_high"])
            if claim["verdict"] != NOT_RUN and figure not in seen:
                found.append((run, claim))
                seen.add(figure)
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


def counted_tests(found: list[Tested]) -> str:
    """The beginning of a sentence: how many tests, of how many claims of the papers, are in `found`."""
    number = len({name_and_set(claim)[0] for _, claim in found})
    return f"Of {len(found)} tests of {number} claims that the papers published, one for each run and set"


def counts_table(runs: list[ReferenceRun]) -> str:
    """How often each verdict was given, by run and in total: on the papers' comparisons, then on all others."""
    rows, every = [], put_to_test(runs)
    for label, papers in (("published", True), ("not compared by the papers", False)):
        part = [(run, claim) for run, claim in every if of_papers(published(claim)) == papers]
        names = [run.name for run in runs if any(run is other for other, _ in part)]
        groups = {f"`{name}`": [t for t in part if t[0].name == name] for name in names}
        for name, group in {**groups, "**all**": part}.items():
            number = verdict_counts(group)
            rows.append([label, name, str(len(group)), *(str(number[verdict]) for verdict in verdicts(every))])
    return markdown_table(["comparisons", "run", "tested", *verdicts(every)], rows)


def claims_tables(found: list[Tested]) -> Iterator[str]:
    """A table for all runs that share their evaluation sets: one row per claim, the sets side by side.

    Each run with figures of its own is a line of the cell. A claim about a whole run stands below the first set.
    """
    sets: dict[str, list[str]] = {}  # name of a run -> its evaluation sets
    for run, claim in found:
        own, name = sets.setdefault(run.name, []), name_and_set(claim)[1]
        own += [name] if name and name not in own else []
    for group in dict.fromkeys(map(tuple, sets.values())):
        yield _one_table([(run, claim) for run, claim in found if tuple(sets[run.name]) == group], group or ("figure",))


def _one_table(found: list[Tested], sets: tuple[str, ...]) -> str:
    rows: dict[str, dict[str, list[str]]] = {}
    about = {name_and_set(claim)[0]: claim for _, claim in found}
    for run, claim in found:
        name, evaluation_set = name_and_set(claim)
        cells = rows.setdefault(name, {one: [] for one in sets})
        cells[evaluation_set or sets[0]].append(_line(run, claim))
    papers = any(of_papers(published(claim)) for claim in about.values())
    lines = [
        [statement(about[name]), *([published(about[name])] if papers else []), *map("<br>".join, cells.values())]
        for name, cells in rows.items()
    ]
    return markdown_table(
        ["claim", *(["published"] if papers else []), *(f"{s}, % or points [95 %]" for s in sets)], lines
    )


def _line(run: ReferenceRun, claim: dict) -> str:
    """A run's figure and interval, the reward models' view, the verdict, then note and further entries."""
    by, view = claim.get("judge"), claim.get("reward_models")
    where = f"`{run.name}`{f', judge {by}' if by else ''}{'' if name_and_set(claim)[1] else ' (whole run)'}"
    rewards = f"; by reward {intervals(view)}" if view else ""
    further = {key: value for key, value in claim.items() if key not in KNOWN_FIELDS}
    rest = "; ".join(filter(None, [claim["note"], *_views(further)]))
    verdict = worded(claim["verdict"], published(claim))
    return f"{where} {intervals(claim)}{rewards}: **{verdict}**{f' ({rest})' if rest else ''}"


def intervals(view: dict) -> str:
    """A figure with its interval, and with that over prompts alone where it differs."""
    return f"{percent_interval(view['ours'], view['ci_low'], view['ci_high'])}{prompts_alone(view)}"


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
    """How verdicts are reached; a reference without the reward models' view is said to lack it."""
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


def failed(runs: list[ReferenceRun], verdict: str) -> dict[str, list[str]]:
    """The papers' claims with this verdict on some set -> the runs and sets."""
    where: dict[str, list[str]] = {}
    for run, claim in published_claims(put_to_test(runs)):
        if claim["verdict"] == verdict:
            places = where.setdefault(statement(claim), [])
            places.append(", ".join(filter(None, [run.name, name_and_set(claim)[1]])))
    return where
