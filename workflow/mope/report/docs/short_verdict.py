"""The verdict that README opens with, in three lines: where MoPE is first, where it is not, what was not reproduced."""

from collections.abc import Iterator

import pandas as pd

from mope.analysis.claim_verdicts import NOT_REPRODUCED
from mope.methods.names import FOCUS
from mope.report.docs.claim_tables import counted_tests, failed, published_claims, put_to_test, verdict_counts, verdicts
from mope.report.docs.markdown import listed
from mope.report.docs.reference_runs import ReferenceRun
from mope.report.docs.win_rate_tables import of_judge, weak_preferences_sentence
from mope.report.formats import percent

PRETRAINED = ("smollm2",)  # headline runs on a language model that was not trained here


def short_verdict(runs: list[ReferenceRun], shown: list[ReferenceRun], names: dict[str, str]) -> list[str]:
    """A line about the pretrained model, one about the embedded worlds, and one about the papers' claims.

    `shown` are the headline runs among `runs`, `names` those of preferences.
    """
    pretrained = [run for run in shown if run.name in PRETRAINED]
    lines = list(standing_line("On a pretrained language model", pretrained))
    embedded = [run for run in shown if run not in pretrained]
    lines += [
        " ".join([line, *filter(None, (weakness(run, names) for run in embedded))])
        for line in standing_line("In the embedded worlds", embedded)
    ]
    if published := published_claims(put_to_test(runs)):
        number = verdict_counts(published)
        said = ", ".join(f"{number[verdict]} {verdict}" for verdict in verdicts(published))
        missed = failed(runs, NOT_REPRODUCED)
        what = f" Not reproduced somewhere: {'; '.join(missed)}." if missed else ""
        lines.append(f"**{counted_tests(published)}:** {said}.{what}")
    return lines


def standing_line(where: str, runs: list[ReferenceRun]) -> Iterator[str]:
    """On how many of the runs' sets MoPE has the highest average win rate by the first judge, and the rates."""
    standings = [one for run in runs for one in _standings(run)]
    if not standings:
        return
    first = sum(rank == 1 for rank, _ in standings)
    often = "first on no set" if not first else f"first on {first} of {len(standings)} sets"
    told = "; ".join(text for _, text in standings)
    yield f"**{where} MoPE is {often}** by average win rate: {told}."


def _standings(run: ReferenceRun) -> Iterator[tuple[int, str]]:
    """MoPE's rank on each set of a run, and a text with its rate and that of the best other."""
    if "average_win_rates" not in run.tables:
        return
    averages = of_judge(run.tables["average_win_rates"])
    for name, rows in averages.groupby("set", sort=False):
        if FOCUS in set(rows.method):
            rates: pd.Series = rows.set_index("method").average_win_rate
            rank = 1 + int((rates > rates[FOCUS]).sum())
            other = rates.drop(FOCUS).idxmax()
            place = "" if rank == 1 else f", rank {rank} of {len(rates)}"
            rivals = f"{listed([other])} {percent(rates[other])} %"
            yield rank, f"{run.name}, {name}: {listed([FOCUS])} {percent(rates[FOCUS])} %{place} (best other {rivals})"


def weakness(run: ReferenceRun, names: dict[str, str]) -> str:
    """The preferences on which MoPE loses in this run; "" where there are none."""
    if "win_rates" not in run.tables:
        return ""
    said = weak_preferences_sentence(of_judge(run.tables["win_rates"]), names)
    return f"In `{run.name}`: {said[0].lower()}{said[1:]}" if said.startswith("By preference") else ""
