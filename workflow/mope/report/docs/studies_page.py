"""docs/studies.md, from `workflow/studies` and `results/reference`: what several runs say together."""

from collections.abc import Iterator, Mapping

import pandas as pd
from scipy import stats

from mope.analysis.studies import spread_of_runs, study_table
from mope.config.study_files import Study
from mope.methods.names import FOCUS
from mope.report.docs.markdown import listed, markdown_table, percent_interval, rate_of_seeds
from mope.report.docs.reference_runs import ReferenceRun
from mope.report.docs.results_page import RESULTS_NOTICE
from mope.report.formats import percent

ABOUT_STUDIES = """\
A study is several runs and one table: a file of `workflow/studies` that names the runs and the key of the configuration
in which they differ. `make study STUDY=<name>` makes the runs one after the other, each with all its training, keeps
their small results in `results/reference` and writes this page. What one of them will take:
`make plan EXPERIMENT=<run>`; how long the first run took: [costs.md](costs.md)."""


def studies_page(studies: Mapping[str, Study], runs: list[ReferenceRun]) -> str:
    """The page; runs of a study that are not among the reference results are only named."""
    parts = [RESULTS_NOTICE, "# Studies", ABOUT_STUDIES]
    for study in studies.values():
        parts += study_section(study, runs)
    return "\n\n".join(filter(None, parts)) + "\n"


def only_in_studies(studies: Mapping[str, Study]) -> set[str]:
    """The runs that are made for studies alone: no other page shows them."""
    return {run for study in studies.values() for run in study.experiments}


def study_section(study: Study, runs: list[ReferenceRun]) -> Iterator[str]:
    """A study's question, its runs, its table, and the spread of runs that repeat one experiment."""
    kept = {run.name: run.tables for run in runs if run.name in study.labels and "average_win_rates" in run.tables}
    yield f"## `{study.name}`"
    yield study.question
    yield f"`make study STUDY={study.name}` runs {listed(study.experiments)}; the key is `{study.label}`."
    if missing := [run for run in study.runs if run not in kept]:
        yield f"Not among the reference results yet: {listed(missing)}."
    if not kept:
        return
    table = study_table(kept, study.labels, study.against)
    for (name, judge), own in table.groupby(["set", "judge"], sort=False):
        yield f"### `{study.name}`: {name}, judge `{judge}`"
        yield runs_of_study(own, study)
    yield (
        f"Average win rate of `{FOCUS}` over all other methods, ± between the seeds of its controllers, and its lead "
        "over the best of them; beside it the lead in mean Bradley-Terry reward over the method that is best by reward."
    )
    spread = spread_of_runs(table) if study.repeated else pd.DataFrame()
    if len(spread):
        yield f"### `{study.name}`: whose spread it is"
        yield spread_table(spread)
        yield spread_sentence(spread)


def runs_of_study(table: pd.DataFrame, study: Study) -> str:
    """One row for each run."""
    rows = []
    for record in table.to_dict("records"):
        row = pd.Series(record)
        lead = f"{percent_interval(row.lead, row.lead_low, row.lead_high)} over `{row.rival}`"
        keys = [f"against_{method}" for method in study.against]
        pairs = [
            "" if pd.isna(row[key]) else percent_interval(row[key], row[f"{key}_low"], row[f"{key}_high"])
            for key in keys
        ]
        reward = "" if pd.isna(row.reward_lead) else f"{row.reward_lead:+.3f} over `{row.reward_rival}`"
        rate = rate_of_seeds(row.average_win_rate, row)
        rows.append([str(row.label), f"`{row.run}`", f"{row.seeds:.0f}", rate, lead, *pairs, reward])
    against = [f"`{FOCUS}` against `{method}`, % [95 %]" for method in study.against]
    columns = ["controllers", "average win rate, % [95 %]", "lead, points [95 %]", *against, "lead in mean reward"]
    return markdown_table([f"`{study.label}`", "run", *columns], rows)


def spread_table(spread: pd.DataFrame) -> str:
    """Standard deviations of MoPE's average win rate, in points, for each set and judge."""
    rows = [
        [
            row.set,
            f"`{row.judge}`",
            str(row.runs),
            percent_interval(row.mean, row.mean_low, row.mean_high),
            *map(percent, (row.between_runs, row.prompts, row.controllers, row.trainings, row.trainings_share)),
        ]
        for row in spread.itertuples()
    ]
    columns = ["mean of the runs, % [95 %]", "SD between runs", "SD of the prompts", "SD between controllers"]
    columns += ["SD left to whole trainings", "its share of the variance, %"]
    return markdown_table(["set", "judge", "runs", *columns], rows)


def spread_sentence(spread: pd.DataFrame) -> str:
    """How the table is to be read, and how uncertain so few runs leave it."""
    few = int(spread.runs.max()) - 1
    low, high = (few / stats.chi2.ppf([0.975, 0.025], few)) ** 0.5
    text = (
        "Standard deviations are in points. What is left to whole trainings, of base, reward models and experts, is "
        "the between-study deviation of a random-effects model (Paule and Mandel); each run has evaluation prompts of "
        "its own, whose part is taken off. The interval of the mean is over whole trainings, by a t quantile. "
        f"The true deviation between runs may be {low:.1f} to {high:.1f} times that of {few + 1} runs (95 %)."
    )
    if len(none := spread[spread.trainings == 0]):
        where = "; ".join(f"{row.set}, judge `{row.judge}`" for row in none.itertuples())
        text += f" Prompts and controllers alone explain the differences between the runs on {where}."
    return text
