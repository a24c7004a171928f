"""docs/results.md, from `results/reference`: claims, then the tables and figures of every run."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from mope.analysis.claim_verdicts import REPRODUCED, UNDECIDED
from mope.report.docs.claim_tables import (
    claims_tables,
    counted_tests,
    counts_table,
    explained,
    failed,
    published_claims,
    put_to_test,
    untested,
    verdict_counts,
    verdicts,
)
from mope.report.docs.front_tables import OF_FRONTS, front_sections, front_sentence
from mope.report.docs.markdown import any_table, details, markdown_table, overall
from mope.report.docs.reference_runs import ReferenceRun
from mope.report.docs.short_verdict import PRETRAINED
from mope.report.docs.soundness_tables import OF_SOUNDNESS, soundness_sections, soundness_sentence
from mope.report.docs.temperature_tables import OF_TEMPERATURES, pairs_sentence, temperature_sections
from mope.report.docs.win_rate_tables import (
    agreement_table,
    average_table,
    generalisation_table,
    interval_over,
    intervals_sentence,
    judges,
    leader_sentence,
    of_judge,
    preference_table,
    reward_models_table,
    rewards_by_set,
    rewards_sentence,
    rivals_table,
    variants_table,
    weak_preferences_sentence,
)

RESULTS_NOTICE = "<!-- Written by `make reference` from results/reference. Change the generator, not this page. -->"
LONGEST = 120  # rows of a table; a longer one is only linked
HEADLINES = (*PRETRAINED, "replication")  # runs whose verdicts are shown first, in this order, before the main run's
NEWER_RIVALS = "rivals"  # a run of the main one's models with methods that came after the papers
SHORT_TABLES = 12  # rows of a table; a longer one is folded
SHOWN_ELSEWHERE = {  # tables with a section of their own
    "average_win_rates",
    "overall_win_rates",
    "win_rates",
    "average_by_cell",
    "mean_rewards",
    "reward_models",
    "generalisation",
    "agreement",
    *OF_SOUNDNESS,
    *OF_TEMPERATURES,
    *OF_FRONTS,
}
LINKED = {"rewards_by_cell"}  # only linked: its rows on all combinations together are those of another table


def results_page(runs: list[ReferenceRun], docs: Path, names: dict[str, str]) -> str:
    """The page as it stands in folder `docs`; the main run is the first of `runs`, `names` are those of preferences."""
    found = put_to_test(runs)
    from_papers = published_claims(found)
    parts = [
        RESULTS_NOTICE,
        "# Results",
        *verdict_lines(runs, names),
        counts_table(runs),
        explained(found),
        "What several runs say together: [studies.md](studies.md).",
        "## Claims that the papers published",
        *claims_tables(from_papers),
    ]
    if further := [one for one in found if one not in from_papers]:
        parts += ["## Comparisons that the papers do not make", *claims_tables(further)]
    if missing := untested(runs):
        parts += ["## Claims that no run has tested", "\n".join(f"- {text}" for text in missing)]
    for run in runs:
        parts += run_section(run, docs, names)
    return "\n\n".join(filter(None, parts)) + "\n"


def verdict_lines(runs: list[ReferenceRun], names: dict[str, str]) -> list[str]:
    """Which method is first, where MoPE loses, and the papers' claims by verdict, with those that did not come out."""
    published = published_claims(put_to_test(runs))
    lines = [f"**Run `{run.name}`.** {standing(run, names)}" for run in headlines(runs)]
    if further := [sentence for run in runs for sentence in of_further_methods(run)]:
        lines.append(" ".join(further))
    number = verdict_counts(published)
    said = ", ".join(f"{number[verdict]} {verdict}" for verdict in verdicts(published) if number[verdict])
    if published:
        lines.append(f"**{counted_tests(published)}:** {said}.")
    for verdict in verdicts(published):
        if verdict not in (REPRODUCED, UNDECIDED):
            where = (f"{text} ({'; '.join(places)})" for text, places in failed(runs, verdict).items())
            lines.append(f"**{verdict.capitalize()}:** {'; '.join(where)}.")
    return lines


def headlines(runs: list[ReferenceRun]) -> list[ReferenceRun]:
    """The runs that the verdict is about: a pretrained model's, that of a world never tuned on, then the main one."""
    first = [run for name in HEADLINES for run in runs if run.name == name]
    return [*first, *(run for run in runs[:1] if run not in first)]


def of_further_methods(run: ReferenceRun) -> Iterator[str]:
    """What a run on the models of the main one adds: graded preferences, newer methods, other temperatures."""
    if run.name == NEWER_RIVALS and "average_win_rates" in run.tables:
        yield f"**Run `{run.name}`.** {leader_sentence(of_judge(run.tables['average_win_rates']))}"
    if "fronts" in run.tables:
        yield f"**Run `{run.name}`, graded preferences by reward.** {front_sentence(overall(run.tables['fronts']))}"
    if "temperature_win_rates" in run.tables:
        yield f"**Run `{run.name}`.** {pairs_sentence(run.tables['temperature_win_rates'])}"


def standing(run: ReferenceRun, names: dict[str, str]) -> str:
    """By the first judge: which method is first and where MoPE loses; then which methods have higher rewards."""
    parts = [leader_sentence(of_judge(table)) for table in _some(run, "average_win_rates")]
    parts += [weak_preferences_sentence(of_judge(table), names) for table in _some(run, "win_rates")]
    parts += [rewards_sentence(table) for table in _some(run, "mean_rewards")]
    parts += [soundness_sentence(overall(table)) for table in _some(run, "open_text_soundness")]
    return " ".join(filter(None, parts))


def run_section(run: ReferenceRun, docs: Path, names: dict[str, str]) -> Iterator[str]:
    """Everything that is kept of a run."""
    yield f"## Run `{run.name}`"
    yield f"Made by the code of commit `{run.commit}`." if run.commit else ""
    yield from win_rate_sections(run, names)
    yield from reward_sections(run)
    yield from soundness_sections(run)
    yield from temperature_sections(run)
    yield from front_sections(run)
    for table in _some(run, "agreement"):
        yield "### Agreement of the judges"
        yield "`reward` is the verdict of the reward models that the experts and controllers were trained on."
        yield agreement_table(overall(table))
    yield from other_sections(run, docs)
    if run.figures:
        yield "### Figures"
        names = [(file.stem.replace("_", " "), linked(file, docs)) for file in run.figures]
        yield details("All figures of this run", "\n\n".join(f"![{name}]({link})" for name, link in names))


def win_rate_sections(run: ReferenceRun, names: dict[str, str]) -> Iterator[str]:
    """Averages and pairs, once for each judge."""
    averages = run.tables.get("average_win_rates")
    pairs = run.tables.get("win_rates", run.tables.get("overall_win_rates"))
    if averages is None:
        return
    for judge in judges(averages):
        means = of_judge(averages, judge)
        yield f"### Average win rates, judge `{judge}`"
        yield leader_sentence(means)
        yield (
            "A win plus half a tie over all comparisons with the other methods; ± is the standard deviation between "
            f"the seeds of what was trained, [ ] a 95 % interval {interval_over(means)}; tokens are the mean length of "
            "the answers on each set."
        )
        yield average_table(means)
        if pairs is not None:
            own = of_judge(pairs, judge)
            yield f"### One to one, judge `{judge}`"
            rivals = own[own.opponent.isin(means.method)]
            yield " ".join(filter(None, [intervals_sentence(rivals), weak_preferences_sentence(rivals, names)]))
            yield (
                "p-values are Holm-corrected over `statistics.named`; comparisons without one are exploratory. ≤ "
                "stands where the value is the smallest that the number of random sign flips can give."
            )
            yield rivals_table(rivals)
            variants = overall(own[~own.method.isin(means.method)])
            if len(variants):
                yield f"### Variants, judge `{judge}`"
                yield "Each variant against those named by its `against`; variants stay out of the averages."
                yield folded("All variants", variants_table(variants, run.tables.get("mean_rewards")))
        for cells in _some(run, "average_by_cell"):
            own = of_judge(cells, judge)
            for name in dict.fromkeys(own["set"]):
                yield details(f"Average win rates by preference, {name}", preference_table(own, name, names))


def reward_sections(run: ReferenceRun) -> Iterator[str]:
    """Mean rewards of methods and of controllers on new combinations, and how accurate the reward models are."""
    for table in _some(run, "mean_rewards"):
        yield "### Mean rewards"
        yield "The mean Bradley-Terry reward (paper eq. 2), on which experts and controllers were trained."
        yield rewards_sentence(table)
        yield folded("All methods", rewards_by_set(table))
    for table in _some(run, "generalisation"):
        yield "### Combinations that a controller was not trained on"
        yield "How much of what training gains over uniform weights is kept where a controller was not trained."
        yield generalisation_table(table)
    for table in _some(run, "reward_models"):
        yield "### Reward models"
        yield "On feedback for prompts that they were not trained on; `feedback.noise` of its labels are flipped."
        yield reward_models_table(table)


def other_sections(run: ReferenceRun, docs: Path) -> Iterator[str]:
    """Every table without a section of its own, in its own columns if it is short."""
    long = []
    for name, table in run.tables.items():
        if name in SHOWN_ELSEWHERE:
            continue
        rows = overall(table)
        if len(rows) > LONGEST or name in LINKED:
            long.append([f"[`{name}.csv`]({linked(run.folder / 'tables' / f'{name}.csv', docs)})", str(len(table))])
        else:
            yield details(f"Table <code>{name}</code>", any_table(rows))
    if long:
        yield "Longer tables:"
        yield markdown_table(["file", "rows"], long)


def folded(summary: str, table: str) -> str:
    """A table, to be opened by a click if it is long."""
    return table if table.count("\n") <= SHORT_TABLES + 1 else details(summary, table)


def _some(run: ReferenceRun, name: str) -> list[pd.DataFrame]:
    """The table as a list of one, or of none where the run has not made it."""
    return [run.tables[name]] if name in run.tables else []


def linked(file: Path, docs: Path) -> str:
    """The file as seen from the page's folder."""
    return Path("..", file.resolve().relative_to(docs.resolve().parent)).as_posix()
