"""docs/costs.md, from `results/reference`: time and memory of runs, and what decoding with several experts costs."""

import statistics
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from mope.report.docs.gpu_section import gpu_section
from mope.report.docs.load_section import load_sections
from mope.report.docs.markdown import markdown_table
from mope.report.docs.reference_runs import WHOLE_RUN, ReferenceRun, commit_of, read_benchmark
from mope.report.docs.results_page import RESULTS_NOTICE, headlines, linked
from mope.report.docs.stage_times import STAGE_TIMES

SYSTEMS = {
    "single": "the base model alone, by this project's forward pass",
    "single_transformers": "the base model alone, by Transformers",
    "single_rows": "the base model alone on three rows for each request: the rows of three experts, and nothing else",
    "sequential": "three passes, one after the other, of the experts at the same place of ξ",
    "per_expert": "one pass for each distinct expert among the requests",
    "peft": "PEFT's mixed batch (`adapter_names`)",
    "mope": "adapters stacked over one base, one pass for all experts of all requests, the controller included",
    "mope_fewer": "with four dimensions, where `mope` mixes four experts: the same with those of the first three",
    "soup_merged": "soups merged into the base one by one, as published; merging is spread over an answer of 64 tokens",
    "soup_batch": "soups served as adapters in one batch",
}
RIVALS = ("single_rows", "sequential", "peft", "soup_merged", "soup_batch")  # systems that `mope` is compared with
FEWER = "mope_fewer"


def costs_page(runs: list[ReferenceRun], reference: Path, docs: Path) -> str:
    """The page as it stands in folder `docs`; the main run is the first of `runs`."""
    parts = [RESULTS_NOTICE, "# Costs", *run_sections(runs, docs)]
    for section in (decoding_section, four_experts_sections, training_section, gpu_section):
        parts += section(reference)
    parts += load_sections(runs)
    return "\n\n".join(filter(None, parts)) + "\n"


def run_sections(runs: list[ReferenceRun], docs: Path) -> Iterator[str]:
    """Time and memory of every run, and of each rule of the runs that the verdict is about (`headlines`)."""
    timed = [run.timings for run in runs if run.timings is not None]
    if timed:
        yield "## Runs"
        yield (
            "Time from the first job to the last, without pauses of more than a minute in which nothing ran. A run "
            "whose `artifacts` name another run adds to that run's models and answers."
        )
        yield runs_table(timed)
    for run in headlines(runs):
        if run.timings is not None:
            yield f"## Rules of `{run.name}`"
            if (run.folder / STAGE_TIMES).is_file():
                yield f"![Where the time of {run.name} goes]({linked(run.folder / STAGE_TIMES, docs)})"
            yield rules_table(run.timings)


def runs_table(timed: list[pd.DataFrame]) -> str:
    """For each run: jobs, minutes of all jobs together and from first to last, and the peak memory of a job."""
    rows = []
    for table in timed:
        rules, minutes = table[table.rule != WHOLE_RUN], [f"{seconds / 60:.0f}" for seconds in work_and_wall(table)]
        rows.append([f"`{table.run.iloc[0]}`", str(rules.jobs.sum()), *minutes, f"{rules.peak_memory_mb.max():.0f}"])
    columns = ["jobs", "minutes, one job after another", "minutes from first to last", "peak memory, MB"]
    return markdown_table(["run", *columns], rows)


def work_and_wall(table: pd.DataFrame) -> tuple[float, float]:
    """Seconds of all jobs together, and from the first to the last."""
    rules = table[table.rule != WHOLE_RUN]
    return float((rules.jobs * rules.seconds).sum()), float(table[table.rule == WHOLE_RUN].seconds.iloc[0])


def rules_table(table: pd.DataFrame) -> str:
    """Seconds per job of every rule, and the peak memory of a job."""
    rules = table[table.rule != WHOLE_RUN].sort_values("seconds", ascending=False, kind="stable")
    rows = [[f"`{r.rule}`", str(r.jobs), f"{r.seconds:.0f}", f"{r.peak_memory_mb:.0f}"] for r in rules.itertuples()]
    return markdown_table(["rule", "jobs", "seconds per job", "peak memory, MB"], rows)


def decoding_section(reference: Path) -> Iterator[str]:
    """What a decoding step costs, by system, model and number of requests."""
    table = read_benchmark(reference, "decoding")
    if table is None:
        return
    yield "## Decoding with several experts"
    yield (
        f"`make benchmark`, on {_devices(table)}, commit `{commit_of(reference / 'benchmarks/decoding.json')}`. Three "
        "experts for each request; prompts are read once, then all systems take the same few steps in turn, again and "
        "again, so that ratios are taken within a round."
    )
    known = [[f"`{name}`", SYSTEMS.get(name, "")] for name in dict.fromkeys(table.system)]
    yield markdown_table(["system", ""], known)
    yield "### Time of `mope` over others"
    yield "Median over the rounds; below 1 `mope` is faster."
    yield ratios_table(table, RIVALS)
    yield "### Milliseconds per step"
    yield (
        "Each cell: milliseconds per decoding step (median); times a single model's step by this project's forward "
        "pass, and by that of Transformers; share of the memory-bandwidth floor that is reached (the time that the "
        "bytes which any implementation must move would take at the measured bandwidth, over the time spent)."
    )
    yield decoding_table(table)


def four_experts_sections(reference: Path) -> Iterator[str]:
    """What mixing four experts costs beside mixing three, for each further run whose benchmark has both."""
    for folder in sorted((reference / "runs").glob("*")):
        table = read_benchmark(folder, "decoding")
        if table is None or FEWER not in set(table.system):
            continue
        yield f"## Four experts beside three: `{folder.name}`"
        yield (
            f"`make benchmark EXPERIMENT={folder.name}`, on {_devices(table)}, commit "
            f"`{commit_of(folder / 'benchmarks/decoding.json')}`. `mope` mixes four experts for each request, "
            f"`{FEWER}` those of the first three dimensions, in the same rounds. First the median of their ratios, "
            "then the milliseconds as above."
        )
        yield ratios_table(table, (FEWER,))
        yield decoding_table(table[table.system.isin(["mope", FEWER])])


def ratios_table(table: pd.DataFrame, rivals: tuple[str, ...]) -> str:
    """Time per step of `mope` over that of other systems, the median of the rounds' ratios."""
    times = table.set_index(["model", "dtype", "system", "requests"]).ms_per_step_rounds
    requests = sorted(table.requests.unique())
    rows = []
    for model, dtype in dict.fromkeys(zip(table.model, table.dtype)):
        for other in rivals:
            keys = [((model, dtype, "mope", n), (model, dtype, other, n)) for n in requests]
            if all(own in times.index and theirs in times.index for own, theirs in keys):
                medians = [statistics.median(a / b for a, b in zip(times[own], times[their])) for own, their in keys]
                rows.append([model, dtype, f"`{other}`", *(f"{ratio:.2f}" for ratio in medians)])
    return markdown_table(["model", "dtype", "`mope` over", *map(_requests, requests)], rows)


def decoding_table(table: pd.DataFrame) -> str:
    """Milliseconds per step, ratios to one model's step by this project and by Transformers, share of the floor."""
    requests = sorted(table.requests.unique())
    rows = []
    for (model, dtype, system), group in table.groupby(["model", "dtype", "system"], sort=False):
        cells = {
            row.requests: f"{row.ms_per_step:.1f} ms, {row.ratio_to_single:.2f}x, {row.ratio_to_transformers:.2f}x, "
            f"{row.floor_ratio:.2f}"
            for row in group.itertuples()
        }
        rows.append([model, dtype, f"`{system}`", *(cells.get(n, "") for n in requests)])
    return markdown_table(["model", "dtype", "system", *map(_requests, requests)], rows)


def training_section(reference: Path) -> Iterator[str]:
    """Memory and seconds of a step of controller training."""
    table = read_benchmark(reference, "training")
    if table is None:
        return
    yield "## Training a controller"
    yield (
        f"One step, commit `{commit_of(reference / 'benchmarks/training.json')}`: memory before it and at the highest "
        "point of its parts, with their seconds. Answers are drawn from the mixture, then rewarded, then the "
        "controller is updated. On a CPU it is the memory of the whole process, which does not give back what an "
        "earlier part took; on a GPU that of its allocator. The settings are those of `controller`; prompts are "
        "random, and no answer ends early."
    )
    yield training_table(table)


def training_table(table: pd.DataFrame) -> str:
    """Memory before a step of controller training and at the highest point of each of its parts, and their seconds."""
    rows = []
    for row in table.itertuples():
        parts = [(getattr(row, f"{part}_mb"), getattr(row, f"{part}_s")) for part in ("rollout", "scoring", "update")]
        cells = [f"{megabytes / 1024:.1f} GB, {seconds:.1f} s" for megabytes, seconds in parts]
        work = f"{row.answers} of {row.answer_tokens}"
        rows.append([row.model, f"{row.dtype}, {row.device}", work, f"{row.held_mb / 1024:.1f} GB", *cells])
    return markdown_table(["model", "on", "answers, tokens", "before", "answers", "rewards", "update"], rows)


def _devices(table: pd.DataFrame) -> str:
    """The devices that a benchmark ran on, in words."""
    return " and ".join(dict.fromkeys(table.device))


def _requests(count: int) -> str:
    return f"{count} request{'s' if count > 1 else ''}"
