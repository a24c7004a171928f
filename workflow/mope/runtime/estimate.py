"""How long a workflow will still take, estimated from the durations of jobs of the same rules."""

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from statistics import mean


def seconds_left(
    waiting: Counter[str], running: Iterable[tuple[str, float]], durations: dict[str, list[float]], parallel: float
) -> float | None:
    """Seconds until all jobs are done, or None if some rule has not been timed yet.

    `waiting`: rule -> jobs that have not started; `running`: (rule, seconds so far); `durations`: rule -> seconds of
    finished jobs; `parallel`: how many jobs run side by side on average.
    """
    running = list(running)
    needed = {rule for rule, count in waiting.items() if count > 0} | {rule for rule, _ in running}
    if not needed <= durations.keys():
        return None
    typical = {rule: mean(durations[rule]) for rule in needed}
    ahead = sum(typical[rule] * max(count, 0) for rule, count in waiting.items() if rule in typical)
    under_way = sum(max(typical[rule] - elapsed, 0) for rule, elapsed in running)
    return (ahead + under_way) / max(parallel, 1)


def earlier_durations(folder: Path) -> dict[str, list[float]]:
    """Rule -> seconds of each of its jobs in an earlier run, from Snakemake's `<rule>.<wildcards>.tsv` in `folder`."""
    return durations_of(sorted(folder.glob("*.tsv")))


def durations_of(files: Iterable[Path]) -> dict[str, list[float]]:
    """Rule -> seconds of each of its jobs, from the given files `<rule>.<wildcards>.tsv`."""
    durations: dict[str, list[float]] = {}
    for file in files:
        with file.open(newline="") as stream:
            rows = [row["s"] for row in csv.DictReader(stream, delimiter="\t") if row.get("s")]
        durations.setdefault(file.name.split(".")[0], []).extend(map(float, rows))
    return {rule: seconds for rule, seconds in durations.items() if seconds}


def reference_durations(run: Path) -> dict[str, list[float]]:
    """Rule -> mean seconds of a job, from the rows of `results/reference/timings.csv` for this run; {} without any."""
    file = run.parent / "reference" / "timings.csv"
    if not file.is_file():
        return {}
    with file.open(newline="") as stream:
        return {row["rule"]: [float(row["seconds"])] for row in csv.DictReader(stream) if row["run"] == run.name}


def format_duration(seconds: float) -> str:
    """A duration for people: `8 s`, `4 min`, `1 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
